const PERIOD_MS = 1_000;

/**
 * Limits the number of log lines per second. Further lines are left out, and `onLeftOut` gets their number at the end of the second.
 */
export class LineBudget {
  private begunAt = Number.NEGATIVE_INFINITY;
  private written = 0;
  private leftOut = 0;

  constructor(
    private readonly linesPerSecond: number,
    private readonly onLeftOut: (lines: number) => void,
  ) {}

  /** Counts a line. Returns false when the line must be left out. */
  take(): boolean {
    const now = performance.now();
    if (now - this.begunAt >= PERIOD_MS) {
      this.begunAt = now;
      this.written = 0;
    }
    if (this.written < this.linesPerSecond) {
      this.written += 1;
      return true;
    }
    if (this.leftOut === 0) setTimeout(() => this.report(), this.begunAt + PERIOD_MS - now).unref();
    this.leftOut += 1;
    return false;
  }

  private report(): void {
    const { leftOut } = this;
    this.leftOut = 0;
    this.onLeftOut(leftOut);
  }
}
