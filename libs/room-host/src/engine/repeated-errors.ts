import type { Subject } from '#libs/watchdog';

/** Time after a logged error in which further errors of the same subject are only counted, in ms. */
const QUIET_MS = 60_000;

interface Logged {
  readonly at: number;
  skipped: number;
}

/** Limits the log lines of one subject, so that a timer that throws every millisecond does not fill the log. */
export class RepeatedErrors {
  private readonly bySubject = new WeakMap<Subject, Logged>();

  /**
   * Counts an error. Returns the number of errors of the subject that were not logged since its last log line. Null: the caller must not
   * log this error.
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
