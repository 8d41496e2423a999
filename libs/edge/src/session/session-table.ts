import { Injectable } from '@nestjs/common';
import type { Claims, SessionId, UserId } from '#libs/protocol';
import { Metrics } from '#libs/telemetry';
import { GatewaySession } from './gateway-session.js';

/** The sessions at this gateway, by id, handle and user. */
@Injectable()
export class SessionTable {
  private readonly byId = new Map<SessionId, GatewaySession>();
  private readonly byHandle = new Map<number, GatewaySession>();
  private readonly byUser = new Map<UserId, GatewaySession>();
  private readonly removed: ((session: GatewaySession) => void)[] = [];
  private nextHandle = 1;

  constructor(private readonly metrics: Metrics) {}

  add(id: SessionId, user: UserId, name: string, claims?: Claims): GatewaySession {
    while (this.byHandle.has(this.nextHandle)) this.nextHandle = this.nextHandle === 0xffff_ffff ? 1 : this.nextHandle + 1;
    const session = new GatewaySession(id, user, name, this.nextHandle, claims);
    this.nextHandle = this.nextHandle === 0xffff_ffff ? 1 : this.nextHandle + 1;
    this.byId.set(id, session);
    this.byHandle.set(session.handle, session);
    this.byUser.set(user, session);
    this.metrics.sessions.set(this.byId.size);
    return session;
  }

  get(id: SessionId): GatewaySession | undefined {
    return this.byId.get(id);
  }

  withHandle(handle: number): GatewaySession | undefined {
    return this.byHandle.get(handle);
  }

  ofUser(user: UserId): GatewaySession | undefined {
    return this.byUser.get(user);
  }

  all(): IterableIterator<GatewaySession> {
    return this.byId.values();
  }

  get size(): number {
    return this.byId.size;
  }

  /** Calls `listener` each time a session has ended at this gateway. */
  onRemoved(listener: (session: GatewaySession) => void): void {
    this.removed.push(listener);
  }

  remove(session: GatewaySession): void {
    session.stopGraceTimers();
    session.isOver = true;
    for (const listener of this.removed) listener(session);
    if (this.byId.get(session.id) !== session) return;
    this.byId.delete(session.id);
    this.byHandle.delete(session.handle);
    if (this.byUser.get(session.user) === session) this.byUser.delete(session.user);
    this.metrics.sessions.set(this.byId.size);
  }
}
