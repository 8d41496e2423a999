import { TickBatch } from './tick-batch.js';

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe.each(['microtask', 'io'] as const)('TickBatch (%s)', (end) => {
  it('handles all items of one tick in one call and in order', async () => {
    const calls: number[][] = [];
    const batch = new TickBatch<number>(end, (items) => calls.push(items));
    batch.add(1);
    batch.add(2);
    expect(batch.size).toBe(2);
    expect(calls).toEqual([]);
    await nextTick();
    batch.add(3);
    await nextTick();
    expect(calls).toEqual([[1, 2], [3]]);
    expect(batch.size).toBe(0);
  });

  it('delays an item that was added during a call until the next call', async () => {
    const calls: number[][] = [];
    const batch: TickBatch<number> = new TickBatch(end, (items) => {
      calls.push(items);
      if (items[0] === 1) batch.add(2);
    });
    batch.add(1);
    await nextTick();
    await nextTick();
    expect(calls).toEqual([[1], [2]]);
  });
});
