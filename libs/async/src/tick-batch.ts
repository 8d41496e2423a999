/**
 * Collects the items of one tick of the event loop and passes them to one call. `microtask`: the call runs before the event loop continues
 * (`process.nextTick`). `io`: the call runs after the event loop has read all input that is ready (`setImmediate`).
 *
 * @example
 * const batch = new TickBatch<RoomId>('microtask', (rooms) => this.release(rooms));
 * batch.add(room);
 */
export class TickBatch<Item> {
  private items: Item[] = [];
  private readonly flush = (): void => {
    const { items } = this;
    this.items = [];
    this.handle(items);
  };

  /**
   * @param handle gets the items in the order in which they were added. If it throws, the error is an uncaught exception of the process.
   */
  constructor(
    private readonly end: 'microtask' | 'io',
    private readonly handle: (items: Item[]) => void,
  ) {}

  add(item: Item): void {
    if (this.items.push(item) > 1) return;
    if (this.end === 'microtask') process.nextTick(this.flush);
    else setImmediate(this.flush);
  }

  /** Number of items that wait for the end of this tick. */
  get size(): number {
    return this.items.length;
  }
}
