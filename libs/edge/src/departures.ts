import { Injectable } from '@nestjs/common';
import { type Asked, type Control, HoldfastError, type UserId } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { DEPARTURES_AT_ONCE, DEPARTURES_MAX, LEFT_KEPT_MS, REQUEST_TIMEOUT_MS } from './edge.options.js';
import type { GatewaySession } from './gateway-session.js';
import { LobbyRouter } from './lobby-router.js';

interface Departure {
  readonly session: GatewaySession;
  readonly data: Control['user.gone']['data'];
  /** Runs once a lobby has carried the departure out. */
  readonly done: () => void;
  isSending: boolean;
}

/**
 * Users whose session has ended here for good, until a lobby has taken them out of their room and queue. A request of the
 * session may still be under way at a lobby, so this gateway may not know the room; the store orders both by `Asked`.
 * A departure that no lobby has answered is sent again. If this gateway dies first, the session's record is still in its
 * index, and `GatewayEnd` marks the user away.
 */
@Injectable()
export class Departures {
  /** By user: a later departure voids all that an earlier one does. */
  private readonly pending = new Map<UserId, Departure>();
  /** Carried out lately, the oldest first: a store that falls back may have lost it. */
  private readonly done = new Map<UserId, { readonly departure: Departure; readonly at: number }>();

  constructor(
    private readonly lobbies: LobbyRouter,
    private readonly log: Log,
  ) {}

  /** @param asked of the departure: later than every request of the session. */
  add(session: GatewaySession, asked: Asked, done: () => void = () => {}): void {
    const { user, binding } = session;
    const room = binding && { id: binding.room, watching: binding.watching };
    const departure: Departure = { session, data: { user, asked, ...(room && { room }) }, done, isSending: false };
    // The oldest is given up: its session is marked away by now, and the sweeper of rooms finds its user.
    if (this.pending.size >= DEPARTURES_MAX) for (const [eldest] of this.pending) if (this.pending.delete(eldest)) break;
    this.pending.set(user, departure);
    void this.send(departure);
  }

  /** To be called now and then: sends again what no lobby has answered. */
  retry(): void {
    let count = 0;
    for (const departure of this.pending.values()) {
      if (departure.isSending) continue;
      void this.send(departure);
      count += 1;
      if (count === DEPARTURES_AT_ONCE) return;
    }
  }

  /** The store may have lost those that were carried out lately. */
  repeat(): void {
    this.forgetOld();
    for (const [user, { departure }] of this.done) {
      if (this.pending.has(user)) continue;
      this.pending.set(user, departure);
      void this.send(departure);
    }
  }

  get size(): number {
    return this.pending.size;
  }

  private async send(departure: Departure): Promise<void> {
    const { session, data, done } = departure;
    departure.isSending = true;
    try {
      await this.lobbies.askFor(session, 'user.gone', data, REQUEST_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'unknown-operation')) {
        this.log.debug('departure.unanswered', { user: data.user, error: String(error) });
        departure.isSending = false;
        return;
      }
      // A lobby of an older version, in the middle of a rolling update.
      const { user, asked, room } = data;
      if (room && !room.watching) this.lobbies.tell(session, 'member.gone', { room: room.id, user, asked });
      this.lobbies.tell(session, 'searcher.gone', { user, asked });
    }
    departure.isSending = false;
    if (this.pending.get(data.user) === departure) this.pending.delete(data.user);
    this.done.delete(data.user);
    this.done.set(data.user, { departure, at: performance.now() });
    this.forgetOld();
    done();
  }

  private forgetOld(): void {
    const since = performance.now() - LEFT_KEPT_MS;
    for (const [user, { at }] of this.done) {
      if (at > since && this.done.size <= DEPARTURES_MAX) return;
      this.done.delete(user);
    }
  }
}
