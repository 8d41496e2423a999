import { fewAtATime } from './few-at-a-time.js';

async function slicesOf<Item>(items: Iterable<Item>, few: number): Promise<Item[][]> {
  const slices: Item[][] = [];
  for await (const some of fewAtATime(items, { few, breathMs: 1 })) slices.push(some);
  return slices;
}

describe('many things, a few at a time', () => {
  it('are all given, in their order, and never more at once than asked for', async () => {
    expect(await slicesOf([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    expect(await slicesOf(new Set('abcd'), 2)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await slicesOf([], 2)).toEqual([]);
  });

  it('let others of this process go on in between', async () => {
    const heard: string[] = [];
    setImmediate(() => heard.push('somebody else'));
    for await (const some of fewAtATime([1, 2], { few: 1, breathMs: 1 })) heard.push(`slice ${some}`);
    expect(heard).toEqual(['slice 1', 'somebody else', 'slice 2']);
  });
});
