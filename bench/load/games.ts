import { nowMs } from '../tools.js';
import type { Crowd } from './crowd.js';
import { Player } from './player.js';
import type { Way } from './wire.js';

export interface Entering {
  readonly ports: readonly number[];
  readonly way: Way;
  readonly game: string;
  readonly rooms: number;
  readonly seats: number;
  readonly payloadBytes: number;
}

export interface FaultSeen {
  /** For each player who received `placed` since `mark()`: the time of `nowMs()` at which the game continued. */
  readonly back: readonly number[];
  readonly paused: readonly number[];
  /** For each of these players with a pause: time in ms from the first `paused` to the sync that ended it. */
  readonly lengthsMs: readonly number[];
  readonly worstWaitsMs: readonly number[];
  readonly unanswered: number;
  readonly reconnects: number;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly refused: number;
  readonly lost: number;
  readonly doubled: number;
}

export const AT_ONCE = 32;

/** Holdfast's players: they enter rooms, play through faults, and compare their counts at the end. */
export class Games {
  private readonly players: Player[] = [];
  private names = 0;
  private roomsEntered = 0;

  constructor(private readonly crowd: Crowd) {}

  /** Opens rooms with all seats taken and the game running. Returns their ids. */
  async enter(entering: Entering): Promise<string[]> {
    const rooms: string[] = [];
    const left = Array.from({ length: entering.rooms }, (_, index) => index);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left.pop() !== undefined) rooms.push(await this.enterRoom(entering));
      }),
    );
    return rooms;
  }

  private async enterRoom({ ports, way, game, seats, payloadBytes }: Entering): Promise<string> {
    const first = this.roomsEntered++ % ports.length;
    const inOrder = [...ports.slice(first), ...ports.slice(0, first)];
    const players = await Promise.all(Array.from({ length: seats }, () => this.newcomer(way, inOrder)));
    const room = await play(players, game);
    for (const player of players) player.prepare(payloadBytes);
    this.take(players);
    return room;
  }

  async newcomer(way: Way, ports: readonly number[]): Promise<Player> {
    return Player.enter(`p${process.pid}-${this.names++}`, way, ports, this.crowd);
  }

  async newcomers(port: number, count: number): Promise<Player[]> {
    const players: Player[] = [];
    for (let first = 0; first < count; first += AT_ONCE) {
      const wave = Array.from({ length: Math.min(AT_ONCE, count - first) }, () => this.newcomer('tcp', [port]));
      players.push(...(await Promise.all(wave)));
    }
    return players;
  }

  /** Adds players that stay and play with the others. */
  take(players: readonly Player[]): void {
    this.players.push(...players);
    this.crowd.add(...players);
  }

  mark(): number {
    for (const player of this.players) player.mark();
    return nowMs();
  }

  seen(): FaultSeen {
    const now = nowMs();
    const placed = this.players.filter(({ placedAt, backAt }) => placedAt > 0 && backAt > 0);
    return {
      back: placed.map(({ backAt }) => backAt),
      paused: this.players.filter(({ pausedAt }) => pausedAt > 0).map(({ pausedAt }) => pausedAt),
      lengthsMs: placed.filter(({ pausedAt }) => pausedAt > 0).map(({ pausedAt, backAt }) => backAt - pausedAt),
      worstWaitsMs: this.players.map((player) => player.waitMs(now)),
      unanswered: this.players.reduce((sum, { outstanding }) => sum + outstanding, 0),
      reconnects: this.players.reduce((sum, { reconnects }) => sum + reconnects, 0),
    };
  }

  /** Number of players that never lost their connection. */
  held(): number {
    return this.players.filter(({ reconnects }) => reconnects === 0).length;
  }

  /** Compares the players' counts with those of the game. No command may be in flight. */
  verdict(): Verdict {
    let [acknowledged, refused, lost, doubled] = [0, 0, 0, 0];
    for (const player of this.players) {
      acknowledged += player.acknowledged;
      refused += player.refused;
      const difference = player.acknowledged - player.tapsSeen();
      // NaN: the answer did not contain the game's count, so all commands count as lost.
      if (Number.isNaN(difference)) lost += player.acknowledged;
      else if (difference > 0) lost += difference;
      else doubled -= difference;
    }
    return { acknowledged, refused, lost, doubled };
  }
}

/** Creates a room, fills it and starts its game. Resolves when all players see the game. */
export async function play(players: readonly Player[], game: string): Promise<string> {
  const playing = players.map((player) => player.inPlay());
  const room = await gather(players, game);
  await players[0].ask('rooms.start');
  await Promise.all(playing);
  return room;
}

export async function gather([host, ...guests]: readonly Player[], game: string): Promise<string> {
  const { room } = await host.ask<{ room: { id: string } }>('rooms.create', { game, private: true });
  for (const guest of guests) {
    await guest.ask('rooms.join', { room: room.id });
    await guest.ask('rooms.ready');
  }
  return room.id;
}
