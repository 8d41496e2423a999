import { Injectable } from '@nestjs/common';
import { type Control, HoldfastError, type RequestOrder, type UserId } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { DEPARTURES_AT_ONCE, DEPARTURES_MAX, LEFT_KEPT_MS, REQUEST_TIMEOUT_MS } from '../edge.options.js';
import { LobbyRouter } from '../lobby/lobby-router.js';
import type { GatewaySession } from '../session/gateway-session.js';

interface Departure {
  readonly session: GatewaySession;
  readonly data: Control['user.gone']['data'];
  readonly done: () => void;
  isSending: boolean;
}

/**
 * Requests the departure of each user whose session has ended at this gateway, until a lobby has removed the user from the room and from
 * matchmaking. This gateway does not always know the room of the user, because a lobby can still be handling a join. The request order
 * places the departure after this join (`RequestOrder`). The gateway repeats a departure until it has an answer. If this gateway dies
 * before the answer, `GatewayCleanup` finds the session in the index and marks the user as away.
 */
@Injectable()
export class Departures {
  /**
   * The departures without an answer, by user. A later departure of a user replaces the earlier one, because the later one also removes the
   * user from all earlier rooms and searches.
   */
  private readonly pending = new Map<UserId, Departure>();
  /**
   * The departures that lobbies carried out within the last `LEFT_KEPT_MS`, oldest first. `repeat` sends them again after the store fell
   * back, because the store may have lost them.
   */
  private readonly done = new Map<UserId, { readonly departure: Departure; readonly at: number }>();

  constructor(
    private readonly lobbies: LobbyRouter,
    private readonly log: Log,
  ) {}

  /**
   * Requests the departure of the session's user.
   *
   * @param order the request order of the departure, later than every request of the session
   * @param done called when a lobby has executed the departure
   */
  add(session: GatewaySession, order: RequestOrder, done: () => void = () => {}): void {
    const { user, binding } = session;
    const room = binding && { id: binding.room, watching: binding.watching };
    const departure: Departure = { session, data: { user, asked: order, ...(room && { room }) }, done, isSending: false };
    // At the limit, drops the oldest departure. In the store, the session of this departure is over or away, so the sweep of the lobbies
    // removes the user later.
    if (this.pending.size >= DEPARTURES_MAX) for (const [eldest] of this.pending) if (this.pending.delete(eldest)) break;
    this.pending.set(user, departure);
    void this.send(departure);
  }

  /** Repeats at most `DEPARTURES_AT_ONCE` departures that no lobby has answered. The gateway calls this method periodically. */
  retry(): void {
    let count = 0;
    for (const departure of this.pending.values()) {
      if (departure.isSending) continue;
      void this.send(departure);
      count += 1;
      if (count === DEPARTURES_AT_ONCE) return;
    }
  }

  /** Repeats the recent departures after the store fell back, because the store may have lost them. */
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
      await this.lobbies.requestFor(session, 'user.gone', data, REQUEST_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'unknown-operation')) {
        this.log.debug('departure.unanswered', { user: data.user, error });
        departure.isSending = false;
        return;
      }
      // During a rolling update, a lobby of an older version does not support `user.gone`, so the gateway sends the older events.
      const { user, asked, room } = data;
      if (room && !room.watching) this.lobbies.emit(session, 'member.gone', { room: room.id, user, asked });
      this.lobbies.emit(session, 'searcher.gone', { user, asked });
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
