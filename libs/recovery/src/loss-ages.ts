import { type RedisConnections, redisName } from '#libs/redis';
import type { RoomOwnership } from '#libs/room-store';

/**
 * Maximum time between two observations that is added to the age of a loss, in ms. A longer time means that this process was suspended, and
 * that another process has recovered the rooms meanwhile.
 */
const STEP_MS_MAX = 60_000;

interface ObservedLoss {
  readonly ageMs: number;
  /** Time of the last observation, in ms of the monotonic clock. */
  readonly at: number;
}

/**
 * Measures for how long each lost owner has had rooms that no server could adopt. Each process measures by its monotonic clock and adds the
 * time to a sum in Redis, so that the next process continues. Time in which no process recovers the rooms is not measured. Redis does not
 * store the moment of the loss. Otherwise all waiting games would end if somebody set the clock of Redis' machine ahead.
 */
export class LossAges {
  private readonly observed = new Map<string, ObservedLoss>();

  /** @param keptMs time for which Redis keeps an age after the last observation, in ms */
  constructor(
    private readonly redis: RedisConnections,
    private readonly keptMs: number,
  ) {}

  /**
   * Returns the age of this loss, in ms, and stores it. The age is 0 at the first observation by any process. Rejects when Redis does not
   * answer.
   */
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

  /** Ends the observation of a loss by this process. The age of the loss remains in Redis. */
  forget({ server, incarnation }: RoomOwnership): void {
    this.observed.delete(redisName(`loss-age:${server}:${incarnation}`));
  }
}
