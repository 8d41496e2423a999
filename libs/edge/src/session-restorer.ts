import { Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import type { SessionId, UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { StoreGeneration, UserRooms } from '#libs/room-store';
import { SessionStore } from '#libs/session';
import { Log } from '#libs/telemetry';
import type { GatewaySession } from './gateway-session.js';
import { SessionTable } from './session-table.js';

export interface TouchedSession {
  readonly session: SessionId;
  readonly user: UserId;
}

/**
 * A store that lost its last writes, or all, gets its sessions again from the gateways that hold them: without this a
 * player who never noticed the loss would be taken for one whose session is over.
 */
@Injectable()
export class SessionRestorer {
  private generation: string | null = null;
  private mustRestore = false;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly table: SessionTable,
    private readonly store: SessionStore,
    private readonly userRooms: UserRooms,
    private readonly storeGeneration: StoreGeneration,
    private readonly redis: RedisConnections,
    private readonly self: Self,
    private readonly log: Log,
  ) {}

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
    if (await this.store.hasForgotten(this.self.id)) this.mustRestore = true;
    if (this.generation !== null && this.generation !== current) this.mustRestore = true;
    this.generation = current;
    if (!this.mustRestore) return;
    const restored = await Promise.all([...this.table.all()].map((session) => this.restore(session)));
    this.mustRestore = false;
    const count = restored.filter((wasLost) => wasLost).length;
    if (count > 0) this.log.warn('sessions.restored', { sessions: count });
  }

  private async restore({ id: session, user, name, secretHash, binding, connection }: GatewaySession): Promise<boolean> {
    const room = binding?.room ?? null;
    const wasLost = await this.store.restore({ session, user, name, secretHash, gateway: this.self.id, room, isAway: connection === null });
    if (wasLost && binding) await this.userRooms.set(user, binding.room, binding.watching);
    return wasLost;
  }
}
