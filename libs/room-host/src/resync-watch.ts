import { Injectable } from '@nestjs/common';
import type { SessionId } from '#libs/protocol';
import { Log, Metrics } from '#libs/telemetry';
import type { HostedRoom } from './hosted-room.js';

/** A session that asks for the whole state more often than this within the window cannot read what it is sent, or forgets it. */
const RESYNCS_MAX = 5;
const WINDOW_MS = 60_000;
/** Sessions watched, a room: more than have a seat; of a crowd of spectators the last. */
const SESSIONS_MAX = 256;

interface Watched {
  count: number;
  readonly since: number;
}

/**
 * Sees sessions that come back to a room again and again and want the whole state each time: their client cannot read or
 * apply what the room sends. Such a session is logged once a window, for its operator would else hear nothing of it.
 */
@Injectable()
export class ResyncWatch {
  private readonly byRoom = new WeakMap<HostedRoom, Map<SessionId, Watched>>();

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  /** The session was attached and holds nothing of the game. */
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
