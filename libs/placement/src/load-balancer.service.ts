import { Inject, Injectable } from '@nestjs/common';
import { jittered, sleep } from '#libs/async';
import { HoldfastError, type RoomId, type ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Metrics } from '#libs/telemetry';
import { type Place, placesInOrder } from './offers.js';
import {
  PLACEMENT_CLAIM_MS_DEFAULT,
  PLACEMENT_OPTIONS,
  PLACEMENT_WAIT_MS_DEFAULT,
  type PlacementOptions,
  RETRY_AFTER_MS,
  WAIT_POLL_MS,
  WAIT_POLL_MS_MAX,
  WAITERS_MAX,
} from './placement.options.js';
import { PlacementBatcher } from './placement-batcher.js';
import { PlacementStrategy, type RoomWish, wholeNumber } from './placement-strategy.js';
import { cancelReservation } from './scripts/cancel.js';
import { confirmReservation } from './scripts/confirm.js';
import { endGames } from './scripts/end-game.js';
import type { Choice } from './scripts/place.js';

/**
 * A request for a server for one room. `region` and `build`: only servers with these values are chosen. Without `build`, canaries are not
 * chosen.
 */
export interface PlacementRequest extends RoomWish, Place {
  /** The version of the game whose rooms the server must accept. Absent: the version does not matter. */
  readonly gameVersion?: number;
  /** The preferred region and build. When no server with these values is eligible, the preference is ignored. */
  readonly prefer?: Place;
  /** Servers that must not be chosen, even if the room has a reservation on one of them. */
  readonly exclude?: readonly ServerId[];
}

export interface PlacementWait {
  /** Maximum time to wait until a server is eligible, in ms. Default: `PLACEMENT_WAIT_MS`. */
  readonly waitMs?: number;
  /**
   * Called before each further attempt. If the room needs no server any more, this function throws an error, and `place` stops and rejects
   * with the error.
   */
  readonly stillWanted?: () => Promise<void>;
}

/** The server that was chosen for a room, with its incarnation. The reservation is not valid for a later incarnation of the server. */
export interface Placement {
  readonly server: ServerId;
  readonly incarnation: number;
}

interface Placed extends Choice {
  /**
   * `again`: the room already had this reservation. `placed`: the reservation is new, on a server with the preferred region and build.
   * `elsewhere`: the reservation is new, on a server with another region or build.
   */
  readonly result: 'again' | 'placed' | 'elsewhere';
}

/**
 * Chooses the server that owns a room. One atomic script in Redis chooses the server and makes the reservation, so concurrent callers
 * spread rooms evenly. A reservation is a lease, identified by its room. A repeated request returns the same server and renews the lease,
 * unless that server is excluded or gone. The reservation ends when the server reports the room as its own (`PlacementReporter`,
 * `confirm`), when a caller cancels it, or when the lease expires. If a caller dies, no slot is lost: the next caller gets the same answer,
 * or the lease expires.
 */
@Injectable()
export class LoadBalancerService {
  private readonly batcher: PlacementBatcher;
  private readonly claimMs: number;
  private readonly waitMs: number;
  private waiting = 0;

  constructor(
    private readonly redis: RedisConnections,
    private readonly strategy: PlacementStrategy,
    private readonly metrics: Metrics,
    @Inject(PLACEMENT_OPTIONS) options: PlacementOptions,
  ) {
    this.claimMs = options.claimMs ?? PLACEMENT_CLAIM_MS_DEFAULT;
    this.batcher = new PlacementBatcher(redis.commands, { claimMs: this.claimMs, takes: strategy.takes });
    this.waitMs = options.waitMs ?? PLACEMENT_WAIT_MS_DEFAULT;
  }

  /**
   * Chooses a server for a room and reserves a slot on it. If the room has a reservation, returns its server.
   *
   * @throws `no-capacity` (with `retryAfterMs`) when no server becomes eligible within `waitMs`, or `WAITERS_MAX` callers wait already;
   * `unavailable` when Redis does not answer. After `unavailable` the room possibly has a reservation, and a repeated request returns its
   * server.
   */
  async place(request: PlacementRequest, { waitMs = this.waitMs, stillWanted }: PlacementWait = {}): Promise<Placement> {
    const stopTimer = this.metrics.placementSeconds.startTimer();
    try {
      const choice = (await this.choose(request)) ?? (waitMs > 0 ? await this.choiceWithin(request, waitMs, stillWanted) : null);
      this.metrics.placements.inc({ result: choice === null ? 'no-capacity' : choice.result });
      if (choice === null) throw new HoldfastError('no-capacity', undefined, { retryAfterMs: RETRY_AFTER_MS });
      return { server: choice.server, incarnation: choice.incarnation };
    } finally {
      stopTimer();
    }
  }

  /**
   * Confirms a reservation, because the server has opened the room. Returns false when the reservation was already confirmed or no longer
   * exists, or when the incarnation has ended.
   */
  async confirm(room: RoomId): Promise<boolean> {
    return confirmReservation(this.redis.commands, room, this.claimMs);
  }

  /** Cancels the reservation of a room that will not start. Returns false when the room has no reservation. */
  async cancel(room: RoomId): Promise<boolean> {
    return cancelReservation(this.redis.commands, room);
  }

  /**
   * Releases the reservations of rooms whose games have ended on this incarnation of the server, so that the next game of each room may run
   * on another server. Pass at most `ENDED_AT_ONCE_MAX` rooms, because more could exceed the stack of Lua.
   */
  async gamesEnded({ server, incarnation }: Placement, rooms: readonly RoomId[]): Promise<void> {
    if (rooms.length > 0) await endGames(this.redis.commands, server, incarnation, rooms);
  }

  private async choose(request: PlacementRequest): Promise<Placed | null> {
    const { region, build, prefer } = request;
    for (const [index, place] of placesInOrder({ region, build }, prefer).entries()) {
      const choice = await this.chooseIn(place, request);
      if (choice) return { ...choice, result: choice.again ? 'again' : index === 0 ? 'placed' : 'elsewhere' };
    }
    return null;
  }

  private async chooseIn(place: Place, request: PlacementRequest): Promise<Choice | null> {
    const { room, game, gameVersion, exclude = [] } = request;
    const weight = Math.max(0, wholeNumber(this.strategy.weight(request)));
    try {
      return await this.batcher.choose({ room, game, gameVersion, place, exclude, weight });
    } catch (cause) {
      this.metrics.placements.inc({ result: 'unavailable' });
      throw new HoldfastError('unavailable', undefined, { cause });
    }
  }

  /**
   * Polls until a server is eligible. Null: no server became eligible within `waitMs`, or `WAITERS_MAX` callers wait already. Polling is
   * necessary, because no process learns of every change of the capacity, such as the report of a server, or the end of a reservation.
   */
  private async choiceWithin(request: PlacementRequest, waitMs: number, stillWanted: PlacementWait['stillWanted']): Promise<Placed | null> {
    if (this.waiting >= WAITERS_MAX) return null;
    this.waiting += 1;
    try {
      const deadline = performance.now() + waitMs;
      for (let pauseMs = WAIT_POLL_MS; ; pauseMs = Math.min(pauseMs * 2, WAIT_POLL_MS_MAX)) {
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) return null;
        // Adds jitter, so that callers who were refused at the same moment retry at different moments.
        await sleep(Math.min(leftMs, jittered(pauseMs)));
        await stillWanted?.();
        const choice = await this.choose(request);
        if (choice) return choice;
      }
    } finally {
      this.waiting -= 1;
    }
  }
}
