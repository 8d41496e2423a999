import * as fc from 'fast-check';
import { create } from 'mutative';
import { applyPatches, type Patch } from './patch.js';

describe('applyPatches', () => {
  it('adds, replaces and removes values in objects and arrays', () => {
    const state = { cells: [1, 2, 3], turn: 0, gone: true };
    const patches: Patch[] = [
      { op: 'replace', path: '/turn', value: 1 },
      { op: 'remove', path: '/gone' },
      { op: 'add', path: '/fresh', value: { a: 1 } },
      { op: 'add', path: '/cells/1', value: 9 },
      { op: 'remove', path: '/cells/0' },
      { op: 'add', path: '/cells/-', value: 4 },
      { op: 'replace', path: '/fresh/a', value: 2 },
    ];
    expect(applyPatches(state, patches)).toEqual({ cells: [9, 2, 3, 4], turn: 1, fresh: { a: 2 } });
    expect(state).toEqual({ cells: [1, 2, 3], turn: 0, gone: true });
  });

  it('copies only the objects on a changed path', () => {
    const state = { left: { a: [1] }, right: { b: [2] } };
    const next = applyPatches(state, [{ op: 'replace', path: '/left/a/0', value: 5 }]);
    expect(next.right).toBe(state.right);
    expect(next.left).not.toBe(state.left);
    expect(state.left.a).toEqual([1]);
  });

  it('does not change the value in a patch when a later patch changes this value in the state', () => {
    const value = { deep: [1] };
    applyPatches({}, [
      { op: 'add', path: '/x', value },
      { op: 'replace', path: '/x/deep/0', value: 2 },
    ]);
    expect(value).toEqual({ deep: [1] });
  });

  it('decodes the escapes of RFC 6901 in a path', () => {
    expect(
      applyPatches({ 'a/b': 1, 'm~n': 2 }, [
        { op: 'replace', path: '/a~1b', value: 3 },
        { op: 'remove', path: '/m~0n' },
      ]),
    ).toEqual({ 'a/b': 3 });
  });

  it('replaces the whole state when the path is empty', () => {
    expect(applyPatches<unknown>({ a: 1 }, [{ op: 'replace', path: '', value: 7 }])).toBe(7);
  });

  it.each<Patch>([
    { op: 'replace', path: '/missing', value: 1 },
    { op: 'remove', path: '/missing' },
    { op: 'replace', path: '/missing/deeper', value: 1 },
    { op: 'replace', path: '/cells/3', value: 1 },
    { op: 'add', path: '/cells/4', value: 1 },
    { op: 'remove', path: '/cells/x' },
    { op: 'add', path: '/turn/0', value: 1 },
    { op: 'add', path: '/__proto__', value: {} },
    { op: 'replace', path: '/__proto__/x', value: 1 },
    { op: 'replace', path: '/constructor/prototype', value: 1 },
  ])('throws when the state does not fit the patch %j', (patch) => {
    const state = { cells: [1, 2, 3], turn: 0 };
    expect(() => applyPatches(state, [patch])).toThrow('does not fit');
    expect(state).toEqual({ cells: [1, 2, 3], turn: 0 });
  });

  it('turns the state before a change into the state after the change', () => {
    const change = fc.array(
      fc.record({ at: fc.nat({ max: 7 }), key: fc.constantFrom('a', 'b', 'c/~'), kind: fc.constantFrom('set', 'push', 'cut', 'drop') }),
      { maxLength: 12 },
    );
    return fc.assert(
      fc.property(change, (steps) => {
        const before: Board = { list: [{ n: 0 }, { n: 1 }, { n: 2 }], map: { a: { n: 1 } } };
        const [after, patches] = create(
          before,
          (draft) => {
            for (const { at, key, kind } of steps) act(draft, at, key, kind);
          },
          { enablePatches: { pathAsArray: false, arrayLengthAssignment: false } },
        );
        expect(applyPatches(before, patches as unknown as Patch[])).toEqual(after);
        expect(before).toEqual({ list: [{ n: 0 }, { n: 1 }, { n: 2 }], map: { a: { n: 1 } } });
      }),
    );
  });
});

interface Board {
  list: { n: number }[];
  map: Record<string, { n: number }>;
}

function act(draft: Board, at: number, key: string, kind: string): void {
  if (kind === 'set') draft.map[key] = { n: at };
  else if (kind === 'push') draft.list.push({ n: at });
  else if (kind === 'cut') draft.list.splice(at, 1);
  else delete draft.map[key];
}
