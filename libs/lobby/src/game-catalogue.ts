import { Injectable } from '@nestjs/common';
import { type OfferedGame, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { type GameInfo, HoldfastError, type MatchRules, matchRules } from '#libs/protocol';
import { listed, quoted } from '#libs/room';
import type { RoomRecord } from '#libs/room-store';
import type { JoinTerms } from './room-rules.js';

/** Lists the games that players can play: the games of all ready and draining game servers. */
@Injectable()
export class GameCatalogue {
  private readonly seen = new Set<string>();

  constructor(private readonly directory: ServerDirectory) {}

  all(): GameInfo[] {
    const games = new Map<string, GameInfo>();
    for (const server of this.running()) {
      for (const [name, offered] of Object.entries(server.games)) games.set(name, infoOf(name, offered));
    }
    return [...games.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  get(name: string): GameInfo | undefined {
    // Does not call `all`, because each request for a room calls this method, and `all` is slow with hundreds of game servers.
    const server = this.running().findLast(({ games }) => Object.hasOwn(games, name));
    if (!server) return undefined;
    this.seen.add(name);
    return infoOf(name, server.games[name]!);
  }

  /** Returns the terms under which players may join the running game of a room. Null: the game is not joinable. */
  joinTermsOf({ game, owner }: Pick<RoomRecord, 'game' | 'owner'>): JoinTerms | null {
    const server = owner && this.directory.get(owner.server);
    // If the owner is gone, considers every server that offers the game, because another server may adopt the room.
    const isOwner = server && server.incarnation === owner.incarnation && server.state !== 'dead';
    const offering = isOwner ? server : this.running().findLast(({ games }) => Object.hasOwn(games, game));
    return offering?.games[game]?.joinable ?? null;
  }

  /** Returns the maximum time for which a server may load data before the game begins, in ms. 0: the game loads no data. */
  loadMsOf(name: string): number {
    return this.running().reduce((longest, { games }) => Math.max(longest, (Object.hasOwn(games, name) && games[name]?.loadMs) || 0), 0);
  }

  /**
   * Returns the rules by which matchmaking finds the players of a match of this game. Undefined: no server offers the game right now. A
   * game without match rules gets matches of its minimum number of players, in the order of arrival.
   *
   * @param waitMs maximum duration of a search for a game without match rules, in ms
   */
  matchRulesOf(name: string, waitMs?: number): MatchRules | undefined {
    const offered = this.running().findLast(({ games }) => Object.hasOwn(games, name))?.games[name];
    if (!offered || offered.match) return offered?.match;
    const { min } = offered.seats;
    return matchRules({ min, max: min }, { fillMs: 0, expireMs: waitMs, backfill: { running: false, waiting: false } });
  }

  /** Throws `unknown-region` when no game server runs in one of these regions. */
  refuseUnknownRegions(regions: readonly string[]): void {
    if (regions.length === 0) return;
    const known = new Set(this.running().map(({ region }) => region));
    const unknown = regions.filter((region) => !known.has(region));
    if (unknown.length === 0) return;
    const there = listed([...known].filter((region) => region !== '')) || 'none';
    throw new HoldfastError('unknown-region', `No game server runs in ${listed(unknown)}. Regions: ${there}.`);
  }

  /**
   * Returns a game.
   * @throws `no-capacity` when a server has offered the game before but no server offers it now, or when no server offers any game;
   * otherwise `unknown-game`
   */
  mustGet(name: string): GameInfo {
    const game = this.get(name);
    if (game) return game;
    const mayComeBack = this.seen.has(name) || this.all().length === 0;
    if (mayComeBack) throw new HoldfastError('no-capacity', `No server runs the game ${quoted(name)} right now.`, { retryAfterMs: 1_000 });
    const there = listed(this.all().map((one) => one.name));
    throw new HoldfastError('unknown-game', `No server here offers the game ${quoted(name)}. There are: ${there}.`);
  }

  private running(): ServerRecord[] {
    return this.directory.byType('game').filter(({ state }) => state === 'ready' || state === 'draining');
  }
}

function infoOf(name: string, { seats, joinable, optionsSchema, teams, match }: OfferedGame): GameInfo {
  return {
    name,
    seats: { ...seats },
    ...(joinable && { joinable: true }),
    ...(optionsSchema && { options: optionsSchema }),
    ...(teams && { teams: { ...teams } }),
    ...(match && { match }),
  };
}
