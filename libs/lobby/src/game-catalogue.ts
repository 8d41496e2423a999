import { Injectable } from '@nestjs/common';
import { ServerDirectory } from '#libs/fleet';
import { type GameInfo, HoldfastError } from '#libs/protocol';

/** Which games can be played: what the living game servers say they run. */
@Injectable()
export class GameCatalogue {
  private readonly seen = new Set<string>();

  constructor(private readonly directory: ServerDirectory) {}

  all(): GameInfo[] {
    const games = new Map<string, GameInfo>();
    for (const server of this.directory.byType('game')) {
      if (server.state !== 'ready' && server.state !== 'draining') continue;
      for (const [name, { seats }] of Object.entries(server.games)) games.set(name, { name, seats: { ...seats } });
    }
    return [...games.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  get(name: string): GameInfo | undefined {
    const game = this.all().find((candidate) => candidate.name === name);
    if (game) this.seen.add(name);
    return game;
  }

  /** Throws `unknown-game` for one that nobody ever ran here, `no-capacity` for one that nobody runs right now. */
  mustGet(name: string): GameInfo {
    const game = this.get(name);
    if (game) return game;
    const mayComeBack = this.seen.has(name) || this.all().length === 0;
    throw mayComeBack ? new HoldfastError('no-capacity', undefined, { retryAfterMs: 1_000 }) : new HoldfastError('unknown-game');
  }
}
