import { Injectable } from '@nestjs/common';
import { ServerDirectory, type ServerRecord } from '#libs/fleet';
import { type GameInfo, HoldfastError } from '#libs/protocol';
import { listed, quoted } from '#libs/room';

/** Finds the games that can be played: the games of all game servers that are ready or draining. */
@Injectable()
export class GameCatalogue {
  private readonly seen = new Set<string>();

  constructor(private readonly directory: ServerDirectory) {}

  all(): GameInfo[] {
    const games = new Map<string, GameInfo>();
    for (const server of this.running()) {
      for (const [name, { seats }] of Object.entries(server.games)) games.set(name, { name, seats: { ...seats } });
    }
    return [...games.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  get(name: string): GameInfo | undefined {
    // Does not use `all`, because each request for a room comes here and a fleet may have hundreds of game servers.
    const server = this.running().findLast(({ games }) => Object.hasOwn(games, name));
    if (!server) return undefined;
    this.seen.add(name);
    return { name, seats: { ...server.games[name]!.seats } };
  }

  /**
   * Returns a game.
   *
   * @throws `no-capacity` when no server offers the game at the moment, but `get` has found it before, or no server offers any game;
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
