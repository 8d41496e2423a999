import type { SessionId } from '#libs/protocol';
import type { SessionNotice } from '#libs/session';

/** Longer than a hello takes while the store answers. */
const KEPT_MS = 10_000;
/** Sessions for which notices are kept; the oldest go first. */
const SESSIONS_MAX = 1_000;

interface Kept {
  readonly notice: SessionNotice;
  readonly at: number;
}

/**
 * Notices about sessions that this gateway does not have yet: their hello is under way, and the store has named this
 * gateway already. Without them a player who was matched, or replaced, in that moment would not hear of it.
 */
export class EarlyNotices {
  private readonly kept = new Map<SessionId, Kept[]>();

  /** @param now in ms, of the clock that `take` is asked by. */
  keep(session: SessionId, notice: SessionNotice, now: number): void {
    const others = this.kept.get(session) ?? [];
    this.kept.delete(session);
    // Two of a kind and their opposite are all that a hello can meet.
    this.kept.set(session, [...others.slice(-3), { notice, at: now }]);
    for (const [eldest, notices] of this.kept) {
      const isOver = now - notices[notices.length - 1].at > KEPT_MS;
      if (!isOver && this.kept.size <= SESSIONS_MAX) break;
      this.kept.delete(eldest);
    }
  }

  /** Those that came since then, oldest first; they are forgotten here. */
  take(session: SessionId, since: number): SessionNotice[] {
    const notices = this.kept.get(session) ?? [];
    this.kept.delete(session);
    return notices.filter(({ at }) => at >= since).map(({ notice }) => notice);
  }
}
