import type { SessionId } from '#libs/protocol';
import type { SessionNotice } from '#libs/session';

/** Time for which the gateway keeps a notice, in ms. It is longer than the gateway needs for a hello. */
const RETENTION_MS = 10_000;
/** Maximum number of sessions for which notices are kept. At this limit, the notices of the oldest session are dropped. */
const SESSIONS_MAX = 1_000;

interface EarlyNotice {
  readonly notice: SessionNotice;
  readonly at: number;
}

/**
 * Keeps notices about sessions that are not in the table of this gateway yet. During a hello, the store already assigns the session to this
 * gateway, so other servers send their notices here. Otherwise these notices would be lost, and the player would miss a match or a
 * takeover.
 */
export class EarlyNotices {
  private readonly notices = new Map<SessionId, EarlyNotice[]>();

  /**
   * Keeps a notice about a session that is not in the table of this gateway.
   *
   * @param now in ms, on the same clock as `since` of `take`
   */
  add(session: SessionId, notice: SessionNotice, now: number): void {
    const others = this.notices.get(session) ?? [];
    this.notices.delete(session);
    // Keeps the last four notices of the session, because no more arrive during one hello.
    this.notices.set(session, [...others.slice(-3), { notice, at: now }]);
    for (const [eldest, notices] of this.notices) {
      const isOver = now - notices[notices.length - 1]!.at > RETENTION_MS;
      if (!isOver && this.notices.size <= SESSIONS_MAX) break;
      this.notices.delete(eldest);
    }
  }

  /** Returns the session's notices since `since`, oldest first, and removes all its notices. */
  take(session: SessionId, since: number): SessionNotice[] {
    const notices = this.notices.get(session) ?? [];
    this.notices.delete(session);
    return notices.filter(({ at }) => at >= since).map(({ notice }) => notice);
  }
}
