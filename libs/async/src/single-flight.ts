/**
 * Runs one task at most once at a time.
 *
 * @example
 * const refresh = new SingleFlight(() => this.readAll());
 * await refresh.join();   // runs, or waits for the run under way
 * await refresh.again();  // a run that begins after this call
 */
export class SingleFlight<Result = void> {
  private current: Promise<Result> | null = null;
  private next: Promise<Result> | null = null;

  constructor(private readonly task: () => Promise<Result>) {}

  get isRunning(): boolean {
    return this.current !== null;
  }

  /** Settles as the run under way does; without one, starts a run. */
  join(): Promise<Result> {
    return this.current ?? this.start();
  }

  /**
   * Settles as a run that begins after this call. During a run, all callers share one run that follows it, whether the run
   * under way fails or not.
   */
  again(): Promise<Result> {
    if (!this.current) return this.start();
    this.next ??= this.current.then(ignore, ignore).then(() => {
      this.next = null;
      // Another caller may have started a run in between: it began after the calls that wait for this one.
      return this.join();
    });
    return this.next;
  }

  /** Resolves when the run under way, if there is one, has settled. Never rejects. */
  async settled(): Promise<void> {
    await this.current?.then(ignore, ignore);
  }

  private start(): Promise<Result> {
    const run: Promise<Result> = this.task().finally(() => {
      if (this.current === run) this.current = null;
    });
    this.current = run;
    return run;
  }
}

const ignore = (): void => {};
