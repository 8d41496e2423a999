/**
 * Runs the tasks of one key one after the other, in the order of the calls. Tasks of different keys run concurrently. A task that fails
 * does not block the next task of its key. A task that never settles blocks all later tasks of its key.
 */
export class KeyedMutex {
  /** By key: a promise that resolves when the latest task of the key has settled. Keys without tasks have no entry. */
  private readonly tails = new Map<string, Promise<void>>();

  /** Runs `task` after all earlier tasks of `key`. Returns the result of `task`. */
  async run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const previous = this.tails.get(key);
    const current = previous ? previous.then(task) : task();
    const tail = current.then(ignore, ignore);
    this.tails.set(key, tail);
    try {
      return await current;
    } finally {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    }
  }
}

const ignore = (): void => {};
