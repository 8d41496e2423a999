import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Self } from '#libs/fleet';
import type { SessionId, UserId } from '#libs/protocol';
import { fewAtATime, RedisConnections } from '#libs/redis';
import { type RestoredUser, StoreGeneration, type UserRoom, UserRooms } from '#libs/room-store';
import { SessionStore } from '#libs/session';
import { Log } from '#libs/telemetry';
import { RESTORE_RETRY_MS } from './edge.options.js';
import type { GatewaySession } from './gateway-session.js';
import { RoomFollower } from './room-follower.js';
import { RoomRestorer } from './room-restorer.js';
import { SessionTable } from './session-table.js';

export interface TouchedSession {
  readonly session: SessionId;
  readonly user: UserId;
}

/** A session whose user was written again, and where the store had them before. */
export interface RestoredSession {
  readonly session: GatewaySession;
  readonly outcome: RestoredUser['outcome'];
  readonly before: UserRoom | null;
}

/**
 * A store that lost its last writes, or all, gets its sessions again from the gateways that hold them, and the rooms that they are in:
 * without this a player who never noticed the loss would be taken for one whose session is over. Then this gateway says that it has
 * compared what it holds (`StoreSettlement`).
 */
@Injectable()
export class SessionRestorer implements OnApplicationBootstrap {
  private generation: string | null = null;
  private mustRestore = false;
  /** What this gateway has marked: its incarnation and the generation. */
  private marked = '';
  private restored: readonly RestoredSession[] = [];
  private readonly restoredListeners: (() => void)[] = [];
  private looking: Promise<void> | null = null;

  constructor(
    private readonly table: SessionTable,
    private readonly store: SessionStore,
    private readonly userRooms: UserRooms,
    private readonly storeGeneration: StoreGeneration,
    private readonly redis: RedisConnections,
    private readonly self: Self,
    private readonly log: Log,
    private readonly follower: RoomFollower,
    private readonly rooms: RoomRestorer,
  ) {}

  onApplicationBootstrap(): void {
    this.storeGeneration.onConnected(() => void this.lookUntilMarked());
  }

  /** Called after each restoration, whether the store is settled or not. */
  onRestored(listener: () => void): void {
    this.restoredListeners.push(listener);
  }

  /** Returns the sessions of the last restoration, once. */
  takeRestored(): readonly RestoredSession[] {
    const { restored } = this;
    this.restored = [];
    return restored;
  }

  /** Whether something was lost, and what to do about it; one look at a time. Rejects when the store does not answer. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  /**
   * Keeps these alive in the store, and answers which of them are over. Rejects when the store does not answer, or does
   * not say yet which one it is.
   *
   * The store may lose everything between the look and the touch, or a look that was under way saw it as it was before:
   * who seems to be over is asked after once more, when what was lost is written again.
   */
  async touch(sessions: readonly TouchedSession[]): Promise<readonly SessionId[]> {
    const missing = new Set(await this.touchAfterLook(sessions));
    if (missing.size === 0) return [];
    await this.looking?.catch(() => {});
    return this.touchAfterLook(sessions.filter(({ session }) => missing.has(session)));
  }

  private async touchAfterLook(sessions: readonly TouchedSession[]): Promise<readonly SessionId[]> {
    await this.look();
    if (!this.isKnown) throw new Error('which store this is, is not known yet');
    return this.store.touch(sessions);
  }

  private get isKnown(): boolean {
    return this.redis.isReady && this.storeGeneration.current !== null;
  }

  private async lookOnce(): Promise<void> {
    const { current } = this.storeGeneration;
    if (!this.isKnown) return;
    const isAnother = this.generation !== null && this.generation !== current;
    if (isAnother || (await this.store.hasForgotten(this.self.id))) this.mustRestore = true;
    const { mustRestore } = this;
    if (mustRestore) await this.restoreAll(this.generation !== current);
    this.generation = current;
    await this.mark(current as string);
    if (mustRestore) for (const listener of this.restoredListeners) listener();
  }

  /** `isAnother`: the store may have fallen back, so that it holds older copies. */
  private async restoreAll(isAnother: boolean): Promise<void> {
    const rooms = await this.rooms.restoreAll(this.follower.known());
    let sessions = 0;
    const restored: RestoredSession[] = [];
    for await (const some of fewAtATime([...this.table.all()], { breathMs: 0 })) {
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
    const { id, user, name, secretHash, binding, connection } = session;
    const { outcome, before } = await this.userRooms.restore(user, binding, session.firstOpen());
    const held = { session: id, user, name, secretHash, gateway: this.self.id, room: binding?.room ?? null, isAway: connection === null };
    const wasLost = await this.store.restore(held, isAnother && outcome !== 'late');
    return { session, outcome, before, wasLost };
  }

  private async mark(generation: string): Promise<void> {
    const { id: server, incarnation } = this.self;
    const mark = `${incarnation} ${generation}`;
    if (incarnation === 0 || this.marked === mark) return;
    await this.storeGeneration.markAudited({ server, incarnation }, generation);
    this.marked = mark;
  }

  /** Others wait for the mark: a store that takes no writes yet is asked again at once. */
  private async lookUntilMarked(): Promise<void> {
    const { current } = this.storeGeneration;
    for (;;) {
      try {
        await this.look();
      } catch (error) {
        this.log.debug('sessions.look-failed', { error: String(error) });
      }
      const isOver = this.storeGeneration.current !== current || this.self.incarnation === 0;
      if (isOver || this.marked === `${this.self.incarnation} ${current}`) return;
      await new Promise((resolve) => setTimeout(resolve, RESTORE_RETRY_MS));
    }
  }
}
