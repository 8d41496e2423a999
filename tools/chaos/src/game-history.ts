import { BEAT_MS, type ChainResult, type Entry, FIRST_HASH, type Link, nextHash } from './chain.js';

/**
 * The outcome of a command, as far as its player received it. `sent`: the player has no answer yet. `unknown`: perhaps the room applied the
 * command. Either the game ended before the answer, or a server other than the owner refused the command.
 */
export type Outcome = 'sent' | 'acknowledged' | 'refused' | 'unknown';

interface Sent {
  readonly id: string;
  readonly seat: number;
  readonly n: number;
  outcome: Outcome;
}

interface Told extends Link {
  readonly version: number;
}

interface Member {
  readonly name: string;
  readonly told: Told[];
  /** For each report of missed events, the number of events that the client had received before the report. */
  readonly missedBefore: number[];
  result: ChainResult | null;
}

/**
 * The maximum time by which a timer event (`beat`) may be too early, in ms, because a server can correct its clock. An event that is even
 * earlier means that a timer fired twice.
 */
const CLOCK_SLACK_MS = 20;

/** The history of one game of the kind `chain`: the commands that its players sent, and the answers and events that they received. */
export class GameHistory {
  private readonly sent = new Map<string, Sent>();
  private readonly members = new Map<string, Member>();

  constructor(readonly game: string) {}

  willSend(id: string, seat: number, n: number): void {
    this.sent.set(id, { id, seat, n, outcome: 'sent' });
  }

  cameOut(id: string, outcome: Outcome): void {
    const sent = this.sent.get(id);
    if (sent) sent.outcome = outcome;
  }

  wasTold(player: string, link: Link, version: number): void {
    this.member(player).told.push({ ...link, version });
  }

  missed(player: string): void {
    const { missedBefore, told } = this.member(player);
    missedBefore.push(told.length);
  }

  ended(player: string, result: ChainResult): void {
    this.member(player).result = result;
  }

  /**
   * Returns the player's part of the history, and adds it when it is missing. A player who received no event was away during the whole
   * game.
   */
  member(player: string): Member {
    const known = this.members.get(player);
    if (known) return known;
    const member: Member = { name: player, told: [], missedBefore: [], result: null };
    this.members.set(player, member);
    return member;
  }

  get result(): ChainResult | null {
    for (const { result } of this.members.values()) if (result) return result;
    return null;
  }

  get missedCount(): number {
    return [...this.members.values()].reduce((sum, { missedBefore }) => sum + missedBefore.length, 0);
  }

  /**
   * Number of players whose first event was not the first event of the game, and to whom the client had reported no missed events before
   * that event.
   */
  get lateCount(): number {
    return [...this.members.values()].filter(({ told, missedBefore }) => told.length > 0 && told[0].index > 1 && !missedBefore.includes(0))
      .length;
  }

  /** The number of players who received no event of the game. */
  get absentCount(): number {
    return [...this.members.values()].filter(({ told }) => told.length === 0).length;
  }

  get unsettled(): number {
    return [...this.sent.values()].filter(({ outcome }) => outcome === 'sent').length;
  }

  /** Returns whether each command has an outcome, and each player has received the last event or a report of missed events. */
  get isComplete(): boolean {
    const { result } = this;
    if (!result || this.unsettled > 0) return false;
    return [...this.members.values()].every(
      ({ told, missedBefore }) => told.at(-1)?.index === result.entries.length || missedBefore.length > 0,
    );
  }

  /** Returns the differences between the history and the game, one sentence each. */
  verdict(): string[] {
    const { result } = this;
    if (!result) return ['it has no end'];
    return [
      ...chainFaults(result),
      ...[...this.members.values()].flatMap((member) =>
        member.result && !isSame(member.result, result) ? [`${member.name} received another end`] : [],
      ),
      ...this.commandFaults(result),
      ...[...this.members.values()].flatMap((member) => toldFaults(member, result)),
    ];
  }

  private commandFaults({ entries }: ChainResult): string[] {
    const faults: string[] = [];
    const times = new Map<string, number>();
    const lastOfSeat = new Map<number, number>();
    for (const [index, entry] of entries.entries()) {
      if (entry.kind !== 'add') continue;
      const place = `entry ${index + 1}`;
      times.set(entry.id, (times.get(entry.id) ?? 0) + 1);
      const sent = this.sent.get(entry.id);
      if (!sent) faults.push(`${entry.id} is ${place}, and no player sent it to this game`);
      else if (sent.seat !== entry.seat || sent.n !== entry.n)
        faults.push(`${entry.id} is ${place} for seat ${entry.seat} with ${entry.n}`);
      const order = Number(entry.id.split('#')[1]);
      if (order < (lastOfSeat.get(entry.seat) ?? 0)) faults.push(`${entry.id} was applied as ${place}, after a later one of its player`);
      lastOfSeat.set(entry.seat, order);
    }
    for (const { id, n, outcome } of this.sent.values()) {
      const count = times.get(id) ?? 0;
      if (count > 1) faults.push(`${id} was applied ${count} times`);
      if (outcome === 'acknowledged' && count === 0) faults.push(`${id} was acknowledged and is missing`);
      if (outcome === 'refused' && count > 0) faults.push(`${id} was refused and applied`);
      if (outcome === 'acknowledged' && n < 0) faults.push(`${id} was acknowledged against the rule`);
      if (outcome === 'sent') faults.push(`${id} was never answered`);
    }
    return faults;
  }
}

/** Checks a result by itself: entries have no negative numbers, timer events are not too early, and the hash matches the entries. */
function chainFaults({ entries, hash }: ChainResult): string[] {
  const faults: string[] = [];
  let lastBeat = 0;
  for (const [index, { kind, id, n }] of entries.entries()) {
    if (n < 0) faults.push(`${id} was applied against the rule`);
    if (kind !== 'beat') continue;
    const at = Number(id);
    if (at - lastBeat < BEAT_MS - CLOCK_SLACK_MS)
      faults.push(`the beat of entry ${index + 1} came ${at - lastBeat} ms after the one before`);
    lastBeat = at;
  }
  if (entries.reduce(nextHash, FIRST_HASH) !== hash) faults.push('its hash is not that of its entries');
  return faults;
}

/**
 * Checks that a player received each event of the game once and in order. The player may miss events only if the client was notified that
 * it missed some.
 */
function toldFaults({ name, told, missedBefore }: Member, { entries }: ChainResult): string[] {
  // The player had no connection during the whole game, so there are no events to check.
  if (told.length === 0) return [];
  const faults: string[] = [];
  // A player who joins a running game receives the state, and no earlier events. `lateCount` counts these players.
  let index = told[0].index - 1;
  let version = -1;
  for (const [position, event] of told.entries()) {
    if (event.index !== index + 1) {
      const gap = `entry ${event.index} after ${index} (version ${event.version} after ${version})`;
      if (event.index <= index) faults.push(`${name} received ${gap}`);
      else if (!missedBefore.includes(position)) faults.push(`${name} received ${gap}, and was not notified of the gap`);
    }
    if (event.version < version) faults.push(`${name} received version ${event.version} after ${version}`);
    const entry = entries[event.index - 1];
    if (!entry || entry.id !== event.id || entry.seat !== event.seat || entry.n !== event.n)
      faults.push(`${name} received ${event.id} as entry ${event.index}, which is ${entry?.id ?? 'not in the game'}`);
    ({ index, version } = event);
  }
  if (index < entries.length && !missedBefore.includes(told.length))
    faults.push(`${name} received entry ${index} of ${entries.length} last (version ${version})`);
  return faults;
}

function isSame(one: ChainResult, other: ChainResult): boolean {
  return one.game === other.game && one.hash === other.hash && one.entries.length === other.entries.length;
}

export type { Entry };
