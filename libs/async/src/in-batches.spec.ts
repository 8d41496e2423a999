import { inBatches } from './in-batches.js';

async function batchesOf<Item>(items: Iterable<Item>, size: number): Promise<Item[][]> {
  const batches: Item[][] = [];
  for await (const batch of inBatches(items, { size, pauseMs: 1 })) batches.push(batch);
  return batches;
}

describe('inBatches', () => {
  it('yields all items in their order, in batches of at most the given size', async () => {
    expect(await batchesOf([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    expect(await batchesOf(new Set('abcd'), 2)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await batchesOf([], 2)).toEqual([]);
  });

  it('lets other work of the process run between two batches', async () => {
    const steps: string[] = [];
    setImmediate(() => steps.push('other work'));
    for await (const batch of inBatches([1, 2], { size: 1, pauseMs: 1 })) steps.push(`batch ${batch}`);
    expect(steps).toEqual(['batch 1', 'other work', 'batch 2']);
  });
});
