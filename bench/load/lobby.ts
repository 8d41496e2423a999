import { nowMs, percentile, sleep } from '../tools.js';
import { type Games, gather, play } from './games.js';
import type { Way } from './wire.js';

export interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
}

export interface Turns {
  readonly port: number;
  readonly game: string;
  readonly pairs: number;
  readonly ms: number;
  /** Repetitions per player. Absent: until the time is up. */
  readonly count?: number;
}

/** Repeated lobby requests of players, before a game begins. */
export class LobbyLoad {
  constructor(private readonly games: Games) {}

  /** Measures pairs that repeatedly create a room, join it, start its game, and leave. */
  starts(turns: Turns): Promise<Rate> {
    return this.inTurns(turns, async (pair) => void (await play(pair, turns.game)));
  }

  /** Measures pairs that repeatedly create a room, join it, and leave. No game starts. */
  joins(turns: Turns): Promise<Rate> {
    return this.inTurns(turns, async ([host, guest]) => {
      const { room } = await host.ask<{ room: { id: string } }>('rooms.create', { game: turns.game, private: true });
      await guest.ask('rooms.join', { room: room.id });
    });
  }

  private async inTurns(
    { port, pairs, ms, count = Number.POSITIVE_INFINITY }: Turns,
    act: (pair: Awaited<ReturnType<Games['newcomers']>>) => Promise<void>,
  ): Promise<Rate> {
    const players = await this.games.newcomers(port, 2 * pairs);
    const tookMs: number[] = [];
    const startedAt = nowMs();
    await Promise.all(
      Array.from({ length: pairs }, async (_, index) => {
        const pair = players.slice(2 * index, 2 * index + 2);
        let left = count;
        for (let begunAt = nowMs(); left-- > 0 && begunAt < startedAt + ms; begunAt = nowMs()) {
          await act(pair);
          tookMs.push(nowMs() - begunAt);
          await Promise.all(pair.map((player) => player.ask('rooms.leave')));
        }
      }),
    );
    const perSecond = (tookMs.length * 1_000) / (nowMs() - startedAt);
    for (const player of players) player.close();
    return { perSecond, p50Ms: percentile(tookMs, 0.5) };
  }

  /** Measures players that repeatedly search for a match, get a game of two, and leave. Returns the players placed per second. */
  async matches({ port, game, count, ms }: { port: number; game: string; count: number; ms: number }): Promise<Rate> {
    const players = await this.games.newcomers(port, count);
    const tookMs: number[] = [];
    const startedAt = nowMs();
    await Promise.race([
      Promise.all(
        players.map(async (player) => {
          for (let begunAt = nowMs(); begunAt < startedAt + ms; begunAt = nowMs()) {
            const playing = player.inPlay();
            await player.ask('match.find', { game });
            await playing;
            tookMs.push(nowMs() - begunAt);
            await player.ask('rooms.leave').catch(() => {});
          }
        }),
      ),
      // A player without an opponent would wait forever when the others have stopped.
      sleep(ms + 500),
    ]);
    const perSecond = (tookMs.length * 1_000) / (nowMs() - startedAt);
    for (const player of players) player.close();
    return { perSecond, p50Ms: percentile(tookMs, 0.5) };
  }

  /** Starts this many rooms at the same moment. Returns their ids, and the time until the last one started. */
  async atOnce({ port, game, rooms }: { port: number; game: string; rooms: number }): Promise<{ rooms: string[]; ms: number }> {
    const players = await this.games.newcomers(port, 2 * rooms);
    const pairs = Array.from({ length: rooms }, (_, index) => players.slice(2 * index, 2 * index + 2));
    const ids = await Promise.all(pairs.map((pair) => gather(pair, game)));
    const playing = players.map((player) => player.inPlay());
    const startedAt = nowMs();
    await Promise.all(pairs.map(([host]) => host.ask('rooms.start')));
    await Promise.all(playing);
    const ms = nowMs() - startedAt;
    this.games.take(players);
    return { rooms: ids, ms };
  }

  /** Connects players that stay idle. Returns how many per second were welcomed. */
  async idle({ port, way, count, atOnce }: { port: number; way: Way; count: number; atOnce: number }): Promise<number> {
    const startedAt = nowMs();
    let left = count;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (left-- > 0) this.games.take([await this.games.newcomer(way, [port])]);
      }),
    );
    return (count * 1_000) / (nowMs() - startedAt);
  }
}
