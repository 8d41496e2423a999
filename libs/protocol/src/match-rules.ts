import type { RoomOptions } from './operations.js';

/** The rules of a game's matches, as its author writes them (`match` of `@Game`). All fields are optional. */
export interface MatchOptions extends ModeMatchOptions {
  /**
   * True: each player has one rating in this game, which the ranking of each result updates. `per-mode`: each player has one rating for
   * each mode, and one for games without a mode. Default: false.
   */
  readonly rating?: boolean | 'per-mode';
  /**
   * The modes of the game, by name. Players of different modes are never matched. Each mode may replace rules of the game. A search without
   * a mode uses the rules of the game. Absent: the game has no modes.
   */
  readonly modes?: Readonly<Record<string, ModeMatchOptions>>;
}

/** The rules of one mode, as the author writes them. An absent field has the value of the game. */
export interface ModeMatchOptions {
  /** Number of players of a match. Default: the number of seats of the game. With `teams`: computed from the teams. */
  readonly players?: number | { readonly min: number; readonly max: number };
  /** Number of teams, and number of players in each team. All teams of a match have the same size. */
  readonly teams?: { readonly count: number; readonly size: number | { readonly min: number; readonly max: number } };
  /**
   * Allowed difference of ratings, in points. Default: `SKILL_WINDOW_DEFAULT` in a game with ratings, and no limit in a game without
   * ratings.
   */
  readonly skill?: Partial<MatchWindow>;
  /** Allowed latency of each player to the region of the match, in ms. Default: `LATENCY_WINDOW_DEFAULT`. */
  readonly latency?: Partial<MatchWindow>;
  /**
   * Time after which matchmaking makes a match with fewer players than the maximum, in ms, counted from the oldest search of the match.
   * Default: 5000.
   */
  readonly fillMs?: number;
  /** Time after which a difference of ratings does not delay a match any more, in ms. Default: 60000. */
  readonly maxWaitMs?: number;
  /** Time after which a search ends without a match, in ms. Default: 600000. */
  readonly expireMs?: number;
  /** Time for which players can accept an offered match, in ms. All of them must accept it. Absent: a match starts without an offer. */
  readonly acceptMs?: number;
  /** Time after which bots fill a match up to the minimum number of players, in ms. Absent: no bots. */
  readonly botsAfterMs?: number;
  /** Selects the existing rooms whose free seats matchmaking fills. */
  readonly backfill?: {
    /** True: matchmaking fills the free seats of running rooms of a `joinable` game. Default: true. */
    readonly running?: boolean;
    /** True: matchmaking fills public rooms whose game has not started. Default: false. */
    readonly waiting?: boolean;
  };
  /** Options of the rooms that matchmaking makes for this mode. */
  readonly options?: RoomOptions;
}

/** A limit that widens while a player waits. It begins at `from`, and grows linearly to `to` within `overMs`. */
export interface MatchWindow {
  readonly from: number;
  readonly to: number;
  readonly overMs: number;
}

/** The complete rules of the matches of a game or of one mode. A game server registers them, and lobbies read them. */
export interface MatchRules {
  readonly seats: { readonly min: number; readonly max: number };
  readonly teams?: { readonly count: number; readonly size: { readonly min: number; readonly max: number } };
  /** The allowed difference of ratings, in points. Absent: any difference is allowed. */
  readonly skill?: MatchWindow;
  readonly latency: MatchWindow;
  readonly fillMs: number;
  readonly maxWaitMs: number;
  readonly expireMs: number;
  readonly acceptMs?: number;
  readonly botsAfterMs?: number;
  readonly backfill: { readonly running: boolean; readonly waiting: boolean };
  /** The kind of ratings of the game. Absent: players have no ratings. */
  readonly rating?: true | 'per-mode';
  readonly options?: RoomOptions;
  /** The rules of each mode. Absent: the game has no modes, or this object has the rules of a mode. */
  readonly modes?: Readonly<Record<string, MatchRules>>;
}

/**
 * The default window of ratings. With a difference of 100 points, the stronger player wins two games of three. A beginner and a good player
 * differ by 600 points. After a long wait, a match with this difference is better than no match.
 */
export const SKILL_WINDOW_DEFAULT: MatchWindow = { from: 100, to: 600, overMs: 30_000 };
/**
 * The default window of latencies. A player hardly notices a latency of 80 ms. Above 250 ms most games are unpleasant, so matchmaking makes
 * no match with a higher latency.
 */
export const LATENCY_WINDOW_DEFAULT: MatchWindow = { from: 80, to: 250, overMs: 30_000 };
/** Default of `fillMs`, in ms. A player accepts a wait of some seconds while other players begin to search. */
export const FILL_MS_DEFAULT = 5_000;
/** Default of `maxWaitMs`, in ms. After a minute, a player prefers any opponent to none. */
export const MAX_WAIT_MS_DEFAULT = 60_000;
/** Default of `expireMs`, in ms. After ten minutes, the player has probably left the device. */
export const EXPIRE_MS_DEFAULT = 600_000;

/** Returns the complete rules of a game with this number of seats. `options` must be valid (`@Game` checks them). */
export function matchRules(seats: MatchRules['seats'], options: MatchOptions = {}): MatchRules {
  const { modes, rating: wanted = false, ...own } = options;
  const rating = wanted === false ? undefined : wanted;
  const rules = rulesOf(seats, own, rating);
  if (!modes) return rules;
  const all = Object.entries(modes).map(([mode, replaced]) => {
    // A mode with its own teams or number of players inherits neither the teams nor the number of players from the game.
    const { teams, players, ...rest } = own;
    const size = replaced.players !== undefined || replaced.teams !== undefined ? {} : { teams, players };
    return [mode, rulesOf(seats, { ...rest, ...size, ...replaced }, rating)] as const;
  });
  return { ...rules, modes: Object.fromEntries(all) };
}

/** Returns the rules for tickets of this mode. Undefined: the game has no such mode. */
export function rulesOfMode(rules: MatchRules, mode: string | undefined): MatchRules | undefined {
  if (mode === undefined) return rules;
  return rules.modes && Object.hasOwn(rules.modes, mode) ? rules.modes[mode] : undefined;
}

function rulesOf(seats: MatchRules['seats'], options: ModeMatchOptions, rating: MatchRules['rating']): MatchRules {
  const { teams, players, skill, latency, acceptMs, botsAfterMs, backfill } = options;
  const size = teams && rangeOf(teams.size);
  return {
    seats: teams && size ? { min: teams.count * size.min, max: teams.count * size.max } : rangeOf(players ?? seats),
    ...(teams && size && { teams: { count: teams.count, size } }),
    ...((skill || rating) && { skill: { ...SKILL_WINDOW_DEFAULT, ...skill } }),
    latency: { ...LATENCY_WINDOW_DEFAULT, ...latency },
    fillMs: options.fillMs ?? FILL_MS_DEFAULT,
    maxWaitMs: options.maxWaitMs ?? MAX_WAIT_MS_DEFAULT,
    expireMs: options.expireMs ?? EXPIRE_MS_DEFAULT,
    ...(acceptMs !== undefined && { acceptMs }),
    ...(botsAfterMs !== undefined && { botsAfterMs }),
    backfill: { running: backfill?.running ?? true, waiting: backfill?.waiting ?? false },
    ...(rating && { rating }),
    ...(options.options && { options: options.options }),
  };
}

function rangeOf(value: number | { readonly min: number; readonly max: number }): { readonly min: number; readonly max: number } {
  return typeof value === 'number' ? { min: value, max: value } : { min: value.min, max: value.max };
}
