import { Injectable } from '@nestjs/common';
import type { SessionId } from '#libs/protocol';
import { Log, Metrics } from '#libs/telemetry';
import type { HostedRoom } from '../room/hosted-room.js';

/**
 * Maximum number of requests of one session for the whole state within `WINDOW_MS` (in ms). The server logs a session with more requests,
 * because its client probably does not receive syncs or cannot read them.
 */
const RESYNCS_MAX = 5;
const WINDOW_MS = 60_000;
/**
 * Maximum number of sessions that are counted for one room, so that a room with many spectators does not fill the memory. With more
 * sessions, only the newest ones are counted.
 */
const SESSIONS_MAX = 256;

interface Watched {
  count: number;
  readonly since: number;
}

/**
 * Finds sessions that attach to a room repeatedly and request the whole state each time. The client of the session probably cannot read or
 * apply the syncs. The server logs the session at most once per `WINDOW_MS`, because operators would not notice the fault otherwise.
 */
@Injectable()
export class ResyncWatch {
  private readonly byRoom = new WeakMap<HostedRoom, Map<SessionId, Watched>>();

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  /** Counts an attachment of a session that has no state of the game. */
  wantsAll(room: HostedRoom, session: SessionId, seat: number | null, now = performance.now()): void {
    let sessions = this.byRoom.get(room);
    if (!sessions) {
      sessions = new Map();
      this.byRoom.set(room, sessions);
    }
    let watched = sessions.get(session);
    if (!watched || now - watched.since > WINDOW_MS) {
      watched = { count: 0, since: now };
      sessions.delete(session);
      sessions.set(session, watched);
      if (sessions.size > SESSIONS_MAX) sessions.delete(sessions.keys().next().value as SessionId);
    } else this.metrics.resyncs.inc();
    watched.count += 1;
    if (watched.count !== RESYNCS_MAX + 1) return;
    const { game } = room.value;
    this.log.warn('resync.repeated', { roomId: room.id, game, session, seat, times: watched.count, withinMs: WINDOW_MS });
  }
}
