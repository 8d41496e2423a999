import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { inBatches, sleep } from '#libs/async';
import { Self } from '#libs/fleet';
import type { SessionId, UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type RestoredUser, StoreGeneration, type UserRoom, UserRooms } from '#libs/room-store';
import { SessionStore } from '#libs/session';
import { Log } from '#libs/telemetry';
import { LOST_SESSION_WAIT_MS, RESTORE_RETRY_MS } from '../edge.options.js';
import { RoomRecordCache } from '../room/room-record-cache.js';
import { RoomRestorer } from '../room/room-restorer.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';

export interface TouchedSession {
  readonly session: SessionId;
  readonly user: UserId;
}

/**
 * A restored session. `outcome`: the result of the restoration of the user's room. `before`: the room of the user in the store before the
 * restoration. Null: the store had no room.
 */
export interface RestoredSession {
  readonly session: GatewaySession;
  readonly outcome: RestoredUser['outcome'];
  readonly before: UserRoom | null;
}

/**
 * Restores the sessions of this gateway, and the records of their rooms, in a store that lost its last writes or all data. Otherwise the
 * gateway would end the session of a player who is still connected. Afterwards marks the store generation as audited. `StoreSettlement`
 * waits for this mark.
 */
@Injectable()
export class SessionRestorer implements OnApplicationBootstrap {
  private generation: string | null = null;
  private mustRestore = false;
  /** The incarnation and the store generation that this gateway marked as audited last. Empty: no generation is marked yet. */
  private marked = '';
  private restored: readonly RestoredSession[] = [];
  private readonly restoredListeners: (() => void)[] = [];
  private checking: Promise<void> | null = null;
  /** The time at which this gateway last detected a loss of data in the store, in ms of the monotonic clock. */
  private lostAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly table: SessionTable,
    private readonly store: SessionStore,
    private readonly userRooms: UserRooms,
    private readonly storeGeneration: StoreGeneration,
    private readonly redis: RedisConnections,
    private readonly self: Self,
    private readonly log: Log,
    private readonly cache: RoomRecordCache,
    private readonly rooms: RoomRestorer,
  ) {}

  onApplicationBootstrap(): void {
    this.storeGeneration.onConnected(() => void this.checkUntilMarked());
    // Writes a mark to the store before players connect, so that the gateway also detects a loss of data in its first second.
    void this.checkUntilMarked();
  }

  /** Registers a listener for the end of each restoration. At that time, the store is not always settled yet. */
  onRestored(listener: () => void): void {
    this.restoredListeners.push(listener);
  }

  /** Returns the sessions that were restored since the last call of this method. */
  takeRestored(): readonly RestoredSession[] {
    const { restored } = this;
    this.restored = [];
    return restored;
  }

  /**
   * Checks whether the store lost data, and restores lost data. Concurrent calls share one check. Rejects when the store does not answer.
   */
  check(): Promise<void> {
    this.checking ??= this.checkOnce().finally(() => {
      this.checking = null;
    });
    return this.checking;
  }

  /**
   * Returns true for a short time after the store lost data, because other gateways have perhaps not restored their sessions yet. Rejects
   * when the store does not answer.
   */
  async isIncomplete(): Promise<boolean> {
    // Waits for the running check and starts another check, because the running check may have read the store before the loss.
    await this.checking?.catch(() => {});
    await this.check();
    return performance.now() - this.lostAt < LOST_SESSION_WAIT_MS;
  }

  /**
   * Renews the time to live of the sessions. Returns the sessions that have ended. Rejects when the store does not answer, and while the
   * store generation is unknown. The store may lose data between the check of the store and the renewal. So if sessions seem to have ended,
   * this method checks the store again and repeats their renewal.
   */
  async touch(sessions: readonly TouchedSession[]): Promise<readonly SessionId[]> {
    const missing = new Set(await this.touchAfterCheck(sessions));
    if (missing.size === 0) return [];
    await this.checking?.catch(() => {});
    return this.touchAfterCheck(sessions.filter(({ session }) => missing.has(session)));
  }

  private async touchAfterCheck(sessions: readonly TouchedSession[]): Promise<readonly SessionId[]> {
    await this.check();
    if (!this.isKnown) throw new Error('The gateway does not know yet which store this is (its generation). Try again later.');
    return this.store.touch(sessions);
  }

  private get isKnown(): boolean {
    return this.redis.isReady && this.storeGeneration.current !== null;
  }

  private async checkOnce(): Promise<void> {
    const { current } = this.storeGeneration;
    if (!this.isKnown) return;
    const isAnother = this.generation !== null && this.generation !== current;
    if (isAnother || (await this.store.hasForgotten(this.self.id))) {
      this.mustRestore = true;
      // The first check has no earlier generation to compare, so it cannot detect a loss of data.
      if (this.generation !== null) this.lostAt = performance.now();
    }
    const { mustRestore } = this;
    if (mustRestore) await this.restoreAll(this.generation !== current);
    this.generation = current;
    await this.mark(current as string);
    if (mustRestore) for (const listener of this.restoredListeners) listener();
  }

  /** @param isAnother whether the store has another generation than before, so that it may have older copies */
  private async restoreAll(isAnother: boolean): Promise<void> {
    const rooms = await this.rooms.restoreAll(this.cache.all());
    let sessions = 0;
    const restored: RestoredSession[] = [];
    for await (const some of inBatches([...this.table.all()], { pauseMs: 0 })) {
      for (const { wasLost, ...one } of await Promise.all(some.map((session) => this.restore(session, isAnother)))) {
        if (wasLost) sessions += 1;
        restored.push(one);
      }
    }
    this.mustRestore = false;
    this.restored = restored;
    this.marked = '';
    if (sessions > 0 || rooms > 0) this.log.warn('sessions.restored', { sessions, rooms });
  }

  private async restore(session: GatewaySession, isAnother: boolean): Promise<RestoredSession & { readonly wasLost: boolean }> {
    const { id, user, name, claims, secretHash, binding, connection } = session;
    const { outcome, before } = await this.userRooms.restore(user, binding, session.firstOpen());
    const about = { session: id, user, name, ...(claims && { claims }) };
    const record = { ...about, secretHash, gateway: this.self.id, room: binding?.room ?? null, isAway: connection === null };
    const wasLost = await this.store.restore(record, isAnother && outcome !== 'late');
    return { session, outcome, before, wasLost };
  }

  private async mark(generation: string): Promise<void> {
    const { id: server, incarnation } = this.self;
    const mark = `${incarnation} ${generation}`;
    if (incarnation === 0 || this.marked === mark) return;
    await this.storeGeneration.markAudited({ server, incarnation }, generation);
    this.marked = mark;
  }

  /**
   * Repeats the check every `RESTORE_RETRY_MS` until the store generation is marked as audited, because all servers wait for the mark.
   * Stops when the generation changes or this server is no longer registered.
   */
  private async checkUntilMarked(): Promise<void> {
    const { current } = this.storeGeneration;
    for (;;) {
      try {
        await this.check();
      } catch (error) {
        this.log.debug('sessions.restore-failed', { error });
      }
      const isOver = this.storeGeneration.current !== current || this.self.incarnation === 0;
      if (isOver || this.marked === `${this.self.incarnation} ${current}`) return;
      await sleep(RESTORE_RETRY_MS);
    }
  }
}
