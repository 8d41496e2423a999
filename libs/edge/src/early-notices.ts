import type { SessionId } from '#libs/protocol';
import type { SessionNotice } from '#libs/session';

/** In ms. Longer than a hello takes while the store answers. */
const KEPT_MS = 10_000;
/** Sessions for which notices are kept. At the limit the oldest session is dropped. */
const SESSIONS_MAX = 1_000;

interface Kept {
  readonly notice: SessionNotice;
  readonly at: number;
}

/**
 * Keeps notices about sessions that this gateway does not have yet. The store names this gateway before the hello is finished. A player
 * whom a match or a takeover reaches in between would otherwise miss the notice.
 */
export class EarlyNotices {
  private readonly kept = new Map<SessionId, Kept[]>();

  /** @param now in ms, on the same clock as `since` of `take`. */
  keep(session: SessionId, notice: SessionNotice, now: number): void {
    const others = this.kept.get(session) ?? [];
    this.kept.delete(session);
    // No more than four notices arrive during one hello.
    this.kept.set(session, [...others.slice(-3), { notice, at: now }]);
    for (const [eldest, notices] of this.kept) {
      const isOver = now - notices[notices.length - 1].at > KEPT_MS;
      if (!isOver && this.kept.size <= SESSIONS_MAX) break;
      this.kept.delete(eldest);
    }
  }

  /** Returns the session's notices since `since`, oldest first, and removes all its notices. */
  take(session: SessionId, since: number): SessionNotice[] {
    const notices = this.kept.get(session) ?? [];
    this.kept.delete(session);
    return notices.filter(({ at }) => at >= since).map(({ notice }) => notice);
  }
}
