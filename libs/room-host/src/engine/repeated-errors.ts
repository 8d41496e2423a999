import type { Subject } from '#libs/watchdog';

/** After a logged error, further errors of the same subject are only counted for this time, in ms. */
const QUIET_MS = 60_000;

interface Logged {
  readonly at: number;
  skipped: number;
}

/** Limits the log lines of one subject: a timer that throws every millisecond must not fill the log. */
export class RepeatedErrors {
  private readonly bySubject = new WeakMap<Subject, Logged>();

  /**
   * Returns whether the caller should log this error: null means no. Otherwise returns the number of errors of the subject since its last
   * log line, which were not logged. Call it for each error.
   */
  skippedBefore(subject: Subject, now = performance.now()): number | null {
    const last = this.bySubject.get(subject);
    if (last && now - last.at < QUIET_MS) {
      last.skipped += 1;
      return null;
    }
    this.bySubject.set(subject, { at: now, skipped: 0 });
    return last?.skipped ?? 0;
  }
}
