import fc from 'fast-check';
import { applyPatch } from './patch.js';
import { frozen, plainValues } from './random-values.fixture.js';
import { RoundingTree } from './rounding-tree.js';
import { type StateCopy, withStateCopy } from './state-copy.js';

const RUNS = Number(process.env.STATE_PATCH_RUNS ?? 300);
/** Number of copies after which `StateCopy` uses compiled code for the keys of the copied objects. */
const MANY = 300;

type Json = Record<string, unknown>;

function stepOf<T>(before: T, edit: (draft: T) => void, step: number | null = null): ReturnType<StateCopy<T>['step']> {
  return withStateCopy(before, (copy) => {
    edit(copy.draft);
    return copy.step(step === null ? null : RoundingTree.of(step));
  });
}

function takenOut(record: Json, key: string): unknown {
  const value = record[key];
  delete record[key];
  return value;
}

/** Writes other numbers, strings and booleans into about half of the parts of a value. */
function scramble(value: unknown, random: () => number): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const part = (value as Json)[key];
    if (typeof part === 'object' && part !== null) scramble(part, random);
    else if (random() < 0.5)
      (value as Json)[key] = typeof part === 'number' ? part + random() : [true, 'text', null, -0, 7][Math.floor(random() * 5)];
  }
}

const containers = plainValues.filter((value) => typeof value === 'object' && value !== null);

describe('the draft that is a copy of a state', () => {
  it('produces the next state and its patch when only primitives change', () => {
    fc.assert(
      fc.property(containers, fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (before, stream) => {
        const random = () => stream.next().value;
        let edited: unknown;
        const result = stepOf(frozen(before), (draft) => {
          scramble(draft, random);
          edited = draft;
        });
        expect(result).not.toBeNull();
        const { next, patch } = result!;
        expect(next).toEqual(JSON.parse(JSON.stringify(edited)));
        expect(applyPatch(before, patch)).toEqual(next);
      }),
      { numRuns: RUNS },
    );
  });

  it('shares unchanged parts with the earlier state, but not with the next state', () => {
    const before = { here: { x: 1 }, there: [{ y: 1 }] };
    let draft = before;
    const { next } = stepOf(before, (copy) => {
      draft = copy;
      copy.here.x = 2;
    })!;
    draft.here.x = 3;
    draft.there[0]!.y = 3;
    expect(next).toEqual({ here: { x: 2 }, there: [{ y: 1 }] });
    expect(next.there).toBe(before.there);
    expect(before.here.x).toBe(1);
  });

  it('produces the earlier state object and an empty patch when nothing changed', () => {
    const before = { list: [1, { x: 2 }], text: 'a' };
    const { next, patch } = stepOf(before, (draft) => {
      draft.list[0] = 5;
      draft.list[0] = 1;
    })!;
    expect(next).toBe(before);
    expect(patch).toHaveLength(0);
  });

  it('produces a patch that leads to the next state, even after many drafts of states with equal keys', () => {
    const wide = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, { z: index, a: -index }]));
    const names: Json = { constructor: 1, get: 2, class: 3, $: 4, _: { toString: 1 }, ü: { b: 5 }, 'a-b': { c: 1 }, '7': 8 };
    let state: Json = { wide, names, list: [{ y: 1, x: 2 }] };
    const results = Array.from({ length: MANY }, (_, index) => {
      const result = stepOf(state, (draft) => {
        const { wide, names, list } = draft as { wide: Json; names: Json; list: Json[] };
        (wide.k7 as Json).a = index;
        Object.assign(names._ as Json, { toString: index });
        names.class = index;
        (names.ü as Json).b = index;
        (names['a-b'] as Json).c = index;
        list[0]!.x = index + 1;
        list[0]!.y = index + 0.5;
      })!;
      expect(applyPatch(state, result.patch)).toEqual(result.next);
      expect(Object.keys(result.next.list as object)).toEqual(Object.keys(state.list as object));
      state = result.next;
      return Buffer.from(result.patch).length;
    });
    expect(state).toMatchObject({
      wide: { k7: { z: 7, a: MANY - 1 } },
      names: { class: MANY - 1, constructor: 1 },
      list: [{ y: MANY - 0.5, x: MANY }],
    });
    expect(Math.max(...results)).toBeLessThan(40);
  });

  it.each<[string, (draft: Json) => void]>([
    ['an object gets another key', (draft) => void Object.assign(draft.at as Json, { z: 1, a: { d: 1, c: -0 } })],
    ['an object loses a key', (draft) => void delete (draft.at as Json).x],
    [
      'an object gets one key instead of another',
      (draft) => {
        const at = draft.at as Json;
        delete at.x;
        at.z = 1;
      },
    ],
    ['an object gets its keys in another order', (draft) => void Object.assign(draft.at as Json, { x: takenOut(draft.at as Json, 'x') })],
    ['an object gets many other keys', (draft) => void Object.assign(draft.at as Json, { a: 1, b: 2, c: 3, d: 4, e: 5 })],
    ['a list gets longer', (draft) => void (draft.list as unknown[]).push({ n: 3 })],
    ['a list gets shorter', (draft) => void (draft.list as unknown[]).pop()],
    ['an item is inserted and another one changes', (draft) => void (draft.list as Json[]).splice(1, 1, { b: 1, a: 2 }, { n: 9 })],
    ['the items of a list change places', (draft) => void (draft.list as unknown[]).reverse()],
    ['an item is in two places', (draft) => void (draft.list as unknown[]).push((draft.list as unknown[])[0])],
    ['an item moves to another list', (draft) => void (draft.mixed as unknown[]).push((draft.list as unknown[]).shift())],
    ['an object becomes a number', (draft) => void Object.assign(draft, { at: 1 })],
    ['a number becomes an object', (draft) => void Object.assign(draft, { n: { b: 1, a: [] } })],
    ['an object becomes a list', (draft) => void Object.assign(draft, { at: [1, 2] })],
    ['a list becomes an object', (draft) => void Object.assign(draft, { list: { a: 1 } })],
    ['a list of numbers gets an object', (draft) => void (draft.numbers as unknown[]).splice(1, 1, { b: 1, a: 1 })],
    ['a list of numbers gets shorter', (draft) => void (draft.numbers as unknown[]).splice(1, 2)],
    ['a list is sorted', (draft) => void (draft.numbers as number[]).sort()],
    ['a list with numbers and objects changes', (draft) => void (draft.mixed as unknown[]).splice(0, 2, 'a', 7)],
  ])('produces the state that a receiver computes from the patch when %s', (_what, edit) => {
    const before: Json = {
      at: { y: 2, x: 1 },
      list: [{ n: 1 }, { n: 2 }],
      numbers: [3, 1, 2],
      mixed: [1, { id: 1, n: 1 }, { id: 2, n: 2 }],
      n: 1,
    };
    for (let count = 0; count < MANY; count++) {
      let draft: unknown;
      const { next, patch } = stepOf(before, (copy) => {
        draft = copy;
        edit(copy);
      })!;
      expect(next).toEqual(JSON.parse(JSON.stringify(draft)));
      expect(JSON.stringify(applyPatch(before, patch))).toBe(JSON.stringify(next));
    }
  });

  it.each<[string, (draft: Json) => void]>([
    ['a number is not finite', (draft) => void Object.assign(draft, { n: Number.NaN })],
    ['a string has half of a surrogate pair', (draft) => void Object.assign(draft, { text: 'cut \ud800' })],
    ['a part is undefined', (draft) => void Object.assign(draft, { n: undefined })],
    ['an object has a class', (draft) => void Object.assign(draft, { at: Object.assign(new (class At {})(), { x: 1, y: 2 }) })],
    ['a new object has a class', (draft) => void Object.assign(draft, { n: new (class At {})() })],
    ['an object contains itself', (draft) => void Object.assign(draft, { n: { draft } })],
    ['a key has half of a surrogate pair', (draft) => void Object.assign(draft.at as Json, { 'cut \ud800': 1 })],
  ])('is refused when %s', (_what, edit) => {
    const before: Json = { at: { x: 1, y: 2 }, n: 1, text: 'a' };
    for (let count = 0; count < MANY; count++) expect(stepOf(before, edit)).toBeNull();
  });

  it('produces a patch that leads to the next state when the draft contains a part of the earlier state', () => {
    const before = { a: { n: 1 }, b: { m: { n: 1 } }, c: { x: 1, y: 1 }, list: [{ n: 1 }, { n: 2 }, { n: 3 }] };
    for (let count = 0; count < MANY; count++) {
      const { next, patch } = stepOf(before, (draft) => {
        draft.a = before.a;
        draft.b = before.b;
        draft.c.y = count;
        draft.list[0] = before.list[0]!;
        draft.list[2]!.n = count;
      })!;
      expect(next).toEqual({ ...before, c: { x: 1, y: count }, list: [{ n: 1 }, { n: 2 }, { n: count }] });
      expect(applyPatch(before, patch)).toEqual(next);
    }
  });

  it('produces a short patch when one item moves to another list', () => {
    const before = { piles: [Array.from({ length: 30 }, (_, rank) => ({ rank })), [{ rank: 50 }]] };
    const { patch } = stepOf(before, ({ piles }) => void piles[1]!.push(...piles[0]!.splice(10, 1)))!;
    expect(patch.length).toBeLessThan(12);
  });

  it('produces the next state when a new object with equal keys replaces an old object', () => {
    const before: Json = { list: [{ x: 1, at: { y: 1 } }] };
    const { next, patch } = stepOf(before, (draft) => {
      const [first] = draft.list as Json[];
      (first!.at as Json).y = 2;
      draft.list = [{ ...first, x: 2 }];
    })!;
    expect(next).toEqual({ list: [{ x: 2, at: { y: 2 } }] });
    expect(applyPatch(before, patch)).toEqual(next);
  });

  it('rounds changed numbers', () => {
    const { next, patch } = stepOf(
      { x: 1.5, y: 1.25, ns: [1.5] },
      (draft) => Object.assign(draft, { x: 1.50001, y: 2.26, ns: [9.9] }),
      0.5,
    )!;
    expect(next).toEqual({ x: 1.5, y: 2.5, ns: [10] });
    expect(applyPatch({ x: 1.5, y: 1.25, ns: [1.5] }, patch)).toEqual(next);
  });

  it('keeps its own changes when the callback that edits it makes a draft of another state', () => {
    const outer = withStateCopy({ x: 1 }, (copy) => {
      copy.draft.x = 2;
      const inner = stepOf({ y: [1] }, ({ y }) => void y.splice(0, 1, 5))!;
      expect(inner.next).toEqual({ y: [5] });
      return copy.step(null)!;
    });
    expect(outer.next).toEqual({ x: 2 });
  });
});
