import { fewAtATime } from './few-at-a-time.js';

async function slicesOf<Item>(items: Iterable<Item>, few: number): Promise<Item[][]> {
  const slices: Item[][] = [];
  for await (const some of fewAtATime(items, { few, breathMs: 1 })) slices.push(some);
  return slices;
}

describe('fewAtATime', () => {
  it('yields all items in order, in slices of at most the given size', async () => {
    expect(await slicesOf([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    expect(await slicesOf(new Set('abcd'), 2)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await slicesOf([], 2)).toEqual([]);
  });

  it('lets other work of this process run between two slices', async () => {
    const heard: string[] = [];
    setImmediate(() => heard.push('somebody else'));
    for await (const some of fewAtATime([1, 2], { few: 1, breathMs: 1 })) heard.push(`slice ${some}`);
    expect(heard).toEqual(['slice 1', 'somebody else', 'slice 2']);
  });
});
