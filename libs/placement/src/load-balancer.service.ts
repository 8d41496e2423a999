import { Inject, Injectable } from '@nestjs/common';
import { jittered, sleep } from '#libs/async';
import { HoldfastError, type RoomId, type ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Metrics } from '#libs/telemetry';
import { Chooser } from './chooser.js';
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
import { PlacementStrategy, type RoomWish, wholeNumber } from './placement-strategy.js';
import { endGames } from './scripts/end-game.js';
import { keepRoom } from './scripts/kept.js';
import type { Choice } from './scripts/place.js';
import { releaseRoom } from './scripts/release.js';

/** `region`, `build`: only servers of these; without a build, any but canaries. */
export interface PlacementRequest extends RoomWish, Place {
  /** Only servers that take rooms of this version of the game; none: any version. */
  readonly gameVersion?: number;
  /** Servers of these first; when none of them is willing, the room goes without. */
  readonly prefer?: Place;
  /** Never these, even if the room has a place on one of them. */
  readonly exclude?: readonly ServerId[];
}

/** The server that shall own a room, and which of its lives was meant: a restarted one knows nothing of the room. */
export interface Placement {
  readonly server: ServerId;
  readonly incarnation: number;
}

interface Placed extends Choice {
  /** 'again': where it was; 'elsewhere': not where it would have liked to be. */
  readonly result: 'again' | 'placed' | 'elsewhere';
}

/**
 * Which server shall own a room? Choice and reservation are one atomic step in Redis, so any number of callers at once
 * spread rooms evenly.
 *
 * A reservation is a lease, named by its room: asking again, from wherever, gives the same server and renews the lease,
 * unless that server is excluded or gone. It counts against the server until the server reports the room as its own
 * (`PlacementReporter`, `kept`), it is released, or the lease ends. A caller that dies between asking and starting loses
 * nothing: the next one gets the same answer, or the lease ends.
 */
@Injectable()
export class LoadBalancerService {
  private readonly chooser: Chooser;
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
    this.chooser = new Chooser(redis.commands, { claimMs: this.claimMs, takes: strategy.takes });
    this.waitMs = options.waitMs ?? PLACEMENT_WAIT_MS_DEFAULT;
  }

  /**
   * Throws `no-capacity` (with `retryAfterMs`) when no server is willing within `waitMs`, and `unavailable` when Redis
   * does not answer: whether a place was reserved is then unknown, and asking again finds out.
   */
  async place(request: PlacementRequest, { waitMs = this.waitMs }: { waitMs?: number } = {}): Promise<Placement> {
    const stopTimer = this.metrics.placementSeconds.startTimer();
    try {
      const choice = (await this.choose(request)) ?? (waitMs > 0 ? await this.choiceWithin(request, waitMs) : null);
      this.metrics.placements.inc({ result: choice === null ? 'no-capacity' : choice.result });
      if (choice === null) throw new HoldfastError('no-capacity', undefined, { retryAfterMs: RETRY_AFTER_MS });
      return { server: choice.server, incarnation: choice.incarnation };
    } finally {
      stopTimer();
    }
  }

  /** The server has taken the room. True if it was reserved; false: reported already, or the lease has ended. */
  async kept(room: RoomId): Promise<boolean> {
    return keepRoom(this.redis.commands, room, this.claimMs);
  }

  /** The room is not to be started after all. False: there was no reservation. */
  async release(room: RoomId): Promise<boolean> {
    return releaseRoom(this.redis.commands, room);
  }

  /**
   * Games of these rooms have ended on that incarnation of the server. The next game of each room is placed afresh, and
   * not where the last one was. At most `ENDED_AT_ONCE_MAX` rooms a call.
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
      return await this.chooser.choose({ room, game, gameVersion, place, exclude, weight });
    } catch (cause) {
      this.metrics.placements.inc({ result: 'unavailable' });
      throw new HoldfastError('unavailable', undefined, { cause });
    }
  }

  /** Asks again and again: capacity comes with reports, released and expired reservations, of which nobody could tell all waiting processes in order. */
  private async choiceWithin(request: PlacementRequest, waitMs: number): Promise<Placed | null> {
    if (this.waiting >= WAITERS_MAX) return null;
    this.waiting += 1;
    try {
      const deadline = performance.now() + waitMs;
      for (let pauseMs = WAIT_POLL_MS; ; pauseMs = Math.min(pauseMs * 2, WAIT_POLL_MS_MAX)) {
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) return null;
        // Jitter, so that callers refused together do not come back together.
        await sleep(Math.min(leftMs, jittered(pauseMs)));
        const choice = await this.choose(request);
        if (choice) return choice;
      }
    } finally {
      this.waiting -= 1;
    }
  }
}
