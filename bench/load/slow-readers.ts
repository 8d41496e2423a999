import { nowMs, sleep } from '../tools.js';
import type { Games } from './games.js';
import { play } from './games.js';
import type { Player } from './player.js';

/** Interval between the taps of the drivers, in ms. */
const TICK_MS = 20;
/** Interval of the pings of a client that does not read, in ms: the client hangs, but its computer runs. */
const PING_MS = 2_000;
/** A driver with this many unanswered taps waits for answers before it sends more. */
const AHEAD_MAX = 2_000;
const ANSWERED_MS = 30_000;

export interface SlowSeen {
  readonly reconnects: number;
  /** Number of slow players that returned to their game after they continued reading. */
  readonly back: number;
  readonly unanswered: number;
  /** Number of refusals and goodbyes, by code. */
  readonly codes: Readonly<Record<string, number>>;
}

/** Rooms of two in which one player plays and the other stops reading. The drivers send even without answers. */
export class SlowReaders {
  private readonly drivers: Player[] = [];
  private readonly slow: Player[] = [];
  private driving: NodeJS.Timeout | null = null;
  private pinging: NodeJS.Timeout | null = null;

  constructor(private readonly games: Games) {}

  async enterSlow({ port, game, rooms, payloadBytes }: { port: number; game: string; rooms: number; payloadBytes: number }): Promise<void> {
    const players = await this.games.newcomers(port, 2 * rooms);
    for (let room = 0; room < rooms; room++) {
      const pair = players.slice(2 * room, 2 * room + 2);
      await play(pair, game);
      for (const player of pair) player.prepare(payloadBytes, { varied: true });
      this.drivers.push(pair[0]);
      this.slow.push(pair[1]);
    }
    this.games.take(players);
  }

  /** Makes one player of each room tap at this rate. */
  drive({ perSecond }: { perSecond: number }): void {
    let due = 0;
    this.driving = setInterval(() => {
      due += (perSecond * TICK_MS) / 1_000;
      const times = Math.floor(due);
      due -= times;
      for (const player of this.drivers) if (times > 0 && player.outstanding < AHEAD_MAX) player.tap(times);
    }, TICK_MS);
  }

  stopDriving(): void {
    if (this.driving) clearInterval(this.driving);
  }

  stopReading(): void {
    for (const player of this.slow) player.stopReading();
    this.pinging = setInterval(() => {
      for (const player of this.slow) player.ping();
    }, PING_MS);
  }

  readOn(): void {
    if (this.pinging) clearInterval(this.pinging);
    for (const player of this.slow) {
      player.mark();
      player.readOn();
    }
  }

  /** Waits until everything is answered. The drivers send unanswered commands again. */
  async answered(): Promise<void> {
    for (const deadline = nowMs() + ANSWERED_MS; this.drivers.some(({ outstanding }) => outstanding > 0); await sleep(TICK_MS)) {
      if (nowMs() > deadline) throw new Error(`no answer within ${ANSWERED_MS} ms to ${this.slowSeen().unanswered} commands`);
      for (const player of this.drivers) player.sendAgain();
    }
  }

  slowSeen(): SlowSeen {
    const players = [...this.drivers, ...this.slow];
    const codes: Record<string, number> = {};
    for (const player of players) for (const [code, count] of Object.entries(player.codes)) codes[code] = (codes[code] ?? 0) + count;
    return {
      reconnects: this.slow.reduce((sum, { reconnects }) => sum + reconnects, 0),
      back: this.slow.filter(({ backAt }) => backAt > 0).length,
      unanswered: players.reduce((sum, { outstanding }) => sum + outstanding, 0),
      codes,
    };
  }
}
