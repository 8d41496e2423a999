import { applyPatch } from './patch.js';
import { quantize } from './quantize.js';
import { RoundingTree, type StepsByPath } from './rounding-tree.js';
import { withStateCopy } from './state-copy.js';

function stepAt(tree: RoundingTree, path: readonly (string | number)[]): number {
  const { round } = path.reduce<RoundingTree>((node, key) => node.at(key), tree);
  const value = 1.23456;
  return round === null ? value : round(value);
}

const STEPS: StepsByPath = {
  ships: 0.01,
  'ships.*.angle': 0.001,
  'ships.*.scores': 0,
  'ships.*.scores.best': 1,
  'ships.7.angle': 0.1,
  '*.*.hp': 1,
  clock: 0.5,
};

describe('the rounding steps by path', () => {
  it.each<[string, number]>([
    ['clock', 1],
    ['other', 1.23456],
    ['ships.0.x', 1.23],
    ['ships.0.deep.deeper.x', 1.23],
    ['ships.0.angle', 1.235],
    ['ships.0.angle.more', 1.235],
    ['ships.7.angle', 1.2],
    ['ships.7.x', 1.23],
    ['ships.0.scores', 1.23456],
    ['ships.0.scores.all', 1.23456],
    ['ships.0.scores.best', 1],
    ['ships.0.hp', 1],
    ['rocks.0.hp', 1],
    ['rocks.0.x', 1.23456],
  ])('round the number 1.23456 at %s to %d', (path, expected) => {
    expect(stepAt(RoundingTree.of(STEPS), path.split('.'))).toBe(expected);
  });

  it('apply to all numbers when only one step is given', () => {
    expect(RoundingTree.of(0.01).isUniform).toBe(true);
    expect(stepAt(RoundingTree.of(0.01), ['a', 1, 'b'])).toBe(1.23);
    expect(RoundingTree.of({ '*': 1 }).isUniform).toBe(false);
  });

  it('apply to changed, added and moved parts of a draft that is a copy', () => {
    const before = {
      clock: 1,
      ships: [
        { x: 1, angle: 2, scores: { best: 1, all: 1 }, hp: 5 },
        { x: 3, angle: 4, scores: { best: 1, all: 1 }, hp: 5 },
      ],
      map: { a: { x: 1 } },
      list: [1, 2],
    };
    const steps: StepsByPath = { ...STEPS, 'map.b': 0.1, 'list.1': 1, list: 0.01 };
    const edit = (state: typeof before): void => {
      state.clock = 1.3;
      const [first] = state.ships.splice(0, 1);
      Object.assign(state.ships[0]!, { x: 1.23456, angle: 1.23456, hp: 4.9 });
      state.ships[0]!.scores.best = 1.23456;
      state.ships[0]!.scores.all = 1.23456;
      state.ships.push({ ...first!, x: 9.87654, angle: 9.87654 });
      Object.assign(state.map, { b: { x: 1.23456 } });
      state.list.push(1.23456);
      state.list[1] = 1.9;
    };
    const result = withStateCopy(before, (copy) => {
      edit(copy.draft);
      return copy.step(RoundingTree.of(steps))!;
    });
    const edited = structuredCopy(before);
    edit(edited);
    expect(result.next).toEqual(quantize(before, edited, steps));
    expect(result.next).toMatchObject({
      clock: 1.5,
      ships: [
        { x: 1.23, angle: 1.235, hp: 5, scores: { best: 1, all: 1.23456 } },
        { x: 9.88, angle: 9.877 },
      ],
      map: { a: { x: 1 }, b: { x: 1.2 } },
      list: [1, 2, 1.23],
    });
    expect(applyPatch(before, result.patch)).toEqual(result.next);
  });

  it.each<[unknown, string]>([
    [{ 'ships..x': 1 }, 'empty name'],
    [{ '': 1 }, 'empty name'],
    [{ ships: -1 }, 'ships'],
    [{ ships: Number.NaN }, 'ships'],
    [{ ships: '0.1' }, 'ships'],
    [Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`p${index}`, 1])), 'at most 64'],
  ])('are refused when they are %j, and the error names the mistake', (steps, text) => {
    expect(() => RoundingTree.of(steps as StepsByPath)).toThrow(text);
  });
});

function structuredCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
