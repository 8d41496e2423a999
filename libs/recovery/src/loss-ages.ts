import { type RedisConnections, redisName } from '#libs/redis';
import type { RoomOwnership } from '#libs/room-store';

/**
 * At most this part of the time between two observations counts, in ms. When the time is longer, this process was suspended, and another
 * process has recovered the rooms and counted the time.
 */
const STEP_MS_MAX = 60_000;

interface ObservedLoss {
  readonly ageMs: number;
  /** Time of the last observation, in ms of the monotonic clock. */
  readonly at: number;
}

/**
 * Measures for how long each lost owner has had rooms that no server could adopt. Processes measure it by their monotonic clocks and store
 * the sum in Redis, so that the next process continues. Redis does not store the time of the loss: if the clock of Redis' host were set
 * ahead, all waiting games would end. Time in which no process recovers the rooms does not count.
 */
export class LossAges {
  private readonly observed = new Map<string, ObservedLoss>();

  /** @param keptMs time for which Redis keeps an age after the last observation, in ms */
  constructor(
    private readonly redis: RedisConnections,
    private readonly keptMs: number,
  ) {}

  /** Returns the time in ms since any process first observed this loss, and stores it. Rejects when Redis does not answer. */
  async ageMs({ server, incarnation }: RoomOwnership): Promise<number> {
    const key = redisName(`loss-age:${server}:${incarnation}`);
    const before = this.observed.get(key);
    const stored = before ? before.ageMs : Number((await this.redis.commands.get(key)) ?? 0);
    const at = performance.now();
    const ageMs = stored + (before ? Math.min(at - before.at, STEP_MS_MAX) : 0);
    this.observed.set(key, { ageMs, at });
    await this.redis.commands.set(key, Math.round(ageMs), 'PX', this.keptMs);
    return ageMs;
  }

  /** Ends the observation by this process. The age remains stored, so that a later observation continues with it. */
  forget({ server, incarnation }: RoomOwnership): void {
    this.observed.delete(redisName(`loss-age:${server}:${incarnation}`));
  }
}
