/** Tasks about one thing, one after the other in the order they came; those about others go on beside them. */
export class Turns {
  /** Of each thing that something is done to: settles with the last task that came. */
  private readonly ends = new Map<string, Promise<void>>();

  /** Settles as `task` does. One that fails holds nobody up; one that never ends does. */
  async take<Result>(about: string, task: () => Promise<Result>): Promise<Result> {
    const before = this.ends.get(about);
    const mine = before ? before.then(task) : task();
    const end = mine.then(ignore, ignore);
    this.ends.set(about, end);
    try {
      return await mine;
    } finally {
      if (this.ends.get(about) === end) this.ends.delete(about);
    }
  }
}

const ignore = (): void => {};
