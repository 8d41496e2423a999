/** Runs at most one task for each key at a time. Calls during a run for the same key share the result of that run. */
export class KeyedFlights<Key, Result> {
  private readonly flights = new Map<Key, Promise<Result>>();

  /** Returns the promise of the task that runs for `key`. If no task runs, starts `task`. */
  join(key: Key, task: () => Promise<Result>): Promise<Result> {
    const known = this.flights.get(key);
    if (known) return known;
    const flight: Promise<Result> = task().finally(() => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    });
    this.flights.set(key, flight);
    return flight;
  }

  /** Returns the promise of the task that runs for `key`. Undefined: no task runs. */
  get(key: Key): Promise<Result> | undefined {
    return this.flights.get(key);
  }

  has(key: Key): boolean {
    return this.flights.has(key);
  }

  get size(): number {
    return this.flights.size;
  }
}
