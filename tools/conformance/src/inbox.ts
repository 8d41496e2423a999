import { CaseFailure } from './case.js';

/** A queue of arriving items, with methods that wait for items. */
export class Inbox<T> {
  readonly all: T[] = [];
  /** The reason why no item can arrive any more. Null: items can arrive. */
  ending: string | null = null;
  private next = 0;
  private readonly watchers = new Set<() => void>();

  push(item: T): void {
    this.all.push(item);
    this.changed();
  }

  /** Ends all pending and later calls of `take` for which no item has arrived. */
  end(reason: string): void {
    this.ending ??= reason;
    this.changed();
  }

  /** Checks the conditions of all pending calls of `take` and `until` again. */
  changed(): void {
    for (const look of [...this.watchers]) look();
  }

  /**
   * Returns the next matching item, and waits for it if necessary. Drops the items before it.
   *
   * @param what names the item in the message of a failure
   * @param whyNot returns why the item cannot arrive any more, or null
   */
  async take(what: string, isWanted: (item: T) => boolean, waitMs: number, whyNot: () => string | null = () => this.ending): Promise<T> {
    const start = this.next;
    const find = (): number => this.all.findIndex((item, index) => index >= start && isWanted(item));
    const isFound = await this.until(() => find() >= 0 || whyNot() !== null, waitMs);
    const at = find();
    if (!isFound || at < 0) {
      const others = this.all.slice(start).map((item) => JSON.stringify(item) ?? String(item));
      throw new CaseFailure(
        `expected ${what}${whyNot() === null ? ` within ${waitMs} ms` : `, but ${whyNot()}`}; arrived: ${others.join(' ').slice(0, 600) || 'nothing'}`,
      );
    }
    this.next = at + 1;
    return this.all[at]!;
  }

  /** Drops all items that have arrived so far. */
  skip(): void {
    this.next = this.all.length;
  }

  /** Fails when a matching item has arrived, or arrives within `waitMs`. */
  async none(what: string, isWanted: (item: T) => boolean, waitMs: number): Promise<void> {
    const start = this.next;
    const find = (): T | undefined => this.all.slice(start).find(isWanted);
    await this.until(() => find() !== undefined, waitMs);
    const found = find();
    if (found !== undefined)
      throw new CaseFailure(`expected no ${what} for ${waitMs} ms, but it came: ${JSON.stringify(found).slice(0, 300)}`);
  }

  /** Resolves with true as soon as the condition holds, and with false after `waitMs`. */
  until(condition: () => boolean, waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isTrue: boolean): void => {
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(isTrue);
      };
      const look = (): void => {
        if (condition()) end(true);
      };
      const timer = setTimeout(() => end(false), waitMs);
      this.watchers.add(look);
      look();
    });
  }
}
