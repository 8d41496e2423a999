/**
 * Runs a task so that no two runs of it overlap.
 *
 * @example
 * const refresh = new SingleFlight(() => this.readAll());
 * await refresh.join();   // starts a run, or waits for the current run
 * await refresh.again();  // waits for a run that begins after this call
 */
export class SingleFlight<Result = void> {
  private current: Promise<Result> | null = null;
  private next: Promise<Result> | null = null;

  constructor(private readonly task: () => Promise<Result>) {}

  get isRunning(): boolean {
    return this.current !== null;
  }

  /** Returns the promise of the current run. If no task runs, starts a run. */
  join(): Promise<Result> {
    return this.current ?? this.start();
  }

  /**
   * Returns the promise of a run that begins after this call. All callers during one run share the next run, which starts even
   * if the current one fails.
   */
  again(): Promise<Result> {
    if (!this.current) return this.start();
    this.next ??= this.current.then(ignore, ignore).then(() => {
      this.next = null;
      // Another caller may have started a run already. That run began after all waiting calls of `again`, so its result is valid for them.
      return this.join();
    });
    return this.next;
  }

  /** Resolves when the current run has settled, or immediately when no task runs. Never rejects. */
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
