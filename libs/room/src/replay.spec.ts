import fc from 'fast-check';
import { applyPatches, type RoomId, type UserId } from '#libs/protocol';
import { quantize as rounded } from '#libs/state-patch';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { applyChange, applyChanges } from './apply-change.js';
import { diff } from './diff.js';
import { firstDifference } from './plain-data.js';
import type { RoomOutcome } from './room-input.js';
import { RoomMachine } from './room-machine.js';
import type { DraftMode, GameDefinition, GameRoom } from './room-rules.js';
import type { Change, RoomValue } from './room-value.js';

/**
 * Recovery, migration, sync and replay rely on one invariant: applying a stored change to the old value gives exactly the new value. Each
 * run tries other random cases. `REPLAY_RUNS=50000` tries many more. To repeat a failure, use the seed in its message.
 */
const RUNS = Number(process.env.REPLAY_RUNS ?? 500);

describe.each<DraftMode>(['proxy', 'copy', 'auto'])('a change of a game with draft %s', (draft) => {
  it('turns the value before a handler into the value after the handler', () => {
    fc.assert(
      fc.property(state, edits, (before, steps) => {
        const { value, change, old } = changed(before, (room) => editAll(room.state, steps), { draft });
        const replayed = applyChange(old, stored(change));
        expect(replayed).toEqual(value);
        expect(firstDifference(replayed.state, value.state)).toBeNull();
        expect(stored(value)).toEqual(value);
      }),
      { numRuns: RUNS, examples: [MOVED_WITHIN_MOVED] },
    );
  });

  it('leads to the state that the draft has at the end of the handler', () => {
    fc.assert(
      fc.property(state, edits, (before, steps) => {
        let left: unknown;
        const { value } = changed(
          before,
          (room) => {
            editAll(room.state, steps);
            left = stored(room.state);
          },
          { draft },
        );
        expect(value.state).toEqual(left);
      }),
      { numRuns: RUNS },
    );
  });

  it('leads in a replay to exactly the numbers that the room rounded', () => {
    fc.assert(
      fc.property(
        state,
        edits,
        fc.constantFrom<number | Record<string, number>>(0.01, 0.5, 3, { '*': 0.5, 'a.*': 0, '*.b': 3, 'list.0': 0.1 }),
        (before, steps, quantize) => {
          const { value, change, old } = changed(before, (room) => editAll(room.state, steps), { draft, quantize });
          expect(firstDifference(applyChange(old, stored(change)).state, value.state)).toBeNull();
          expect(firstDifference(rounded(undefined, value.state, quantize), value.state)).toBeNull();
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('is not affected when the game later edits a state object that its handler has kept', () => {
    fc.assert(
      fc.property(state, edits, edits, (before, steps, later) => {
        let kept: unknown;
        const { value, old } = changed(
          before,
          (room) => {
            editAll(room.state, steps);
            if (draft !== 'proxy') kept = room.state;
          },
          { draft },
        );
        const after = stored(value);
        const earlier = stored(old);
        if (kept) editAll(kept, later);
        expect(value).toEqual(after);
        expect(old).toEqual(earlier);
      }),
      { numRuns: RUNS },
    );
  });

  it('leads to an equal state in a replay when items of a list were moved or got new ids', () => {
    const unit = fc.constantFrom<Json>({ id: 1, y: 2.5, x: 1 }, { y: 1, id: 2, x: 3 }, { x: 1, y: 1 }, { z: 0, a: true });
    const item = fc.oneof(unit, fc.nat(3));
    const writes = fc.array(fc.tuple(fc.nat(9), fc.constantFrom('id', 'x', 'y', 'z'), fc.constantFrom(0, -0, 1, 2, 0.125, -7.3)));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 10 }), writes, (units, steps) => {
        const write = (room: GameRoom<Json>): void => {
          room.state.tick = 1;
          const list = room.state.units as (Json | number)[];
          for (const [at, name, to] of steps) {
            const target = list[at];
            if (typeof target === 'object') target[name] = to;
            else if (target !== undefined) list[at] = to;
          }
        };
        const { value, change, old } = changed(stored({ tick: 0, units }), write, { draft });
        expect(firstDifference(applyChange(old, stored(change)).state, value.state)).toBeNull();
      }),
      { numRuns: 4 * RUNS },
    );
  });

  it('never contains -0', () => {
    const edit = (room: GameRoom<Json>): void => {
      room.state.x = -0;
      room.state.list = [-0];
      room.state.y = Math.round(-0.3);
    };
    const { value, change, old } = changed({ x: 1, y: 2, list: [3] }, edit, { draft });
    expect(firstDifference(value.state, { x: 0, y: 0, list: [0] })).toBeNull();
    expect(firstDifference(applyChange(old, stored(change)).state, value.state)).toBeNull();
  });

  it('is not made when the handler throws or the state cannot be stored', () => {
    fc.assert(
      fc.property(state, edits, fc.constantFrom<unknown>(Number.NaN, undefined, new Map(), 'cut \ud800', 1n), (before, steps, wrong) => {
        const known = stored(before);
        const act = (last: (room: GameRoom<Json>) => void) => () =>
          changed(
            before,
            (room) => {
              editAll(room.state, steps);
              last(room);
            },
            { draft },
          );
        const throwing = act(() => {
          throw new Error('no');
        });
        expect(throwing).toThrow('no');
        expect(act((room) => void Object.assign(room.state, { wrong }))).toThrow('state.wrong');
        expect(before).toEqual(known);
      }),
    );
  });

  it('has the same result in a replay from a checkpoint as in the game', () => {
    fc.assert(
      fc.property(state, fc.array(edits, { minLength: 1, maxLength: 6 }), fc.nat(5), (before, chain, checkpoint) => {
        let step = 0;
        const machine = machineOf(before, (room) => editAll(room.state, chain[step]), { draft });
        const values = [machine.start('r1' as RoomId, PLAYERS).value];
        const changes: Change[] = [];
        for (step = 0; step < chain.length; step++) {
          const outcome = machine.handle(values[step], { kind: 'command', seat: step % 2, seq: step + 1, name: 'edit', data: null });
          if (outcome.kind !== 'changed') throw new Error(outcome.kind);
          values.push(outcome.value);
          changes.push(stored(outcome.change));
        }
        const from = checkpoint % values.length;
        const recovered = changes.slice(from).reduce((value, change) => applyChange(value, change), stored(values[from]));
        expect(recovered).toEqual(values[values.length - 1]);
        expect(applyChanges(stored(values[from]), changes.slice(from))).toEqual(recovered);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a change of a game', () => {
  it('does not modify the old value', () => {
    fc.assert(
      fc.property(state, edits, (before, steps) => {
        const copy = stored(before);
        const { change, old } = changed(freeze(before), (room) => editAll(room.state, steps));
        applyChange(old, stored(change));
        expect(old.state).toEqual(copy);
      }),
    );
  });

  it('contains only operations of RFC 6902 and values of JSON', () => {
    fc.assert(
      fc.property(state, edits, (before, steps) => {
        const { change } = changed(before, (room) => editAll(room.state, steps));
        for (const { op, path } of change.patches ?? []) {
          expect(['add', 'replace', 'remove']).toContain(op);
          expect(path).not.toMatch(/\/length$/);
        }
        expect(stored(change)).toEqual(change);
      }),
    );
  });

  it('shares unchanged parts with the old value', () => {
    const before = { left: { deep: [1] }, right: { deep: [2] } };
    const { value, old } = changed(before, (room) => void (room.state.left as { deep: number[] }).deep.push(3));
    expect(value.state.right).toBe(old.state.right);
    expect(value.state.left).not.toBe(old.state.left);
  });

  it.each<[string, Json, (state: Json) => void]>([
    ['an element taken out of the middle', { list: [{ n: 1 }, { n: 2 }, { n: 3 }] }, ({ list }) => void (list as Json[]).splice(1, 1)],
    ['an element put in at the front', { list: [1, 2] }, ({ list }) => void (list as unknown as number[]).unshift(0)],
    [
      'an array cut short',
      { list: [1, 2, 3, 4] },
      ({ list }) => {
        (list as unknown[]).length = 1;
      },
    ],
    ['an array emptied and filled again', { list: [1, 2] }, ({ list }) => void (list as unknown[]).splice(0, 2, 8, 9, 10)],
    ['an array sorted', { list: [3, 1, 2] }, ({ list }) => void (list as unknown as number[]).sort()],
    [
      'two objects that change places',
      { a: { n: 1 }, b: { n: 2 } },
      (s) => {
        [s.a, s.b] = [s.b, s.a];
      },
    ],
    [
      'an object moved and then changed',
      { hand: [{ n: 1 }], table: [] },
      (s) => {
        const card = (s.hand as Json[]).pop() as Json;
        (s.table as Json[]).push(card);
        card.n = 2;
      },
    ],
    [
      'an object seen in two places, changed through one of them',
      { a: { n: 1 }, b: null },
      (s) => {
        s.b = s.a;
        (s.b as Json).n = 2;
      },
    ],
    [
      'a new object put in two places, and changed afterwards by the name it was made under',
      { a: null, b: [] },
      (s) => {
        const one: Json = { n: 1, deep: { m: 1 } };
        s.a = one;
        (s.b as Json[]).push(one, one);
        one.n = 2;
        ((s.a as Json).deep as Json).m = 3;
      },
    ],
    [
      'an object taken out, changed, and put in twice',
      { hand: [{ n: 1 }, { n: 2 }], table: { left: null, right: null } },
      (s) => {
        const [card] = (s.hand as Json[]).splice(0, 1);
        card.n = 3;
        s.table = { left: card, right: card };
        card.n = 4;
      },
    ],
    [
      'an object of the state within a new one, changed through the old place',
      { a: { n: 1 }, list: [] },
      (s) => {
        (s.list as Json[]).push({ of: s.a });
        (s.a as Json).n = 2;
      },
    ],
    [
      'keys that look like paths',
      { 'a/b': 1, 'c~d': { '': 2 }, '': 3 },
      (s) => {
        s['a/b'] = 2;
        (s['c~d'] as Json)[''] = 3;
        s[''] = 4;
        s['~1'] = 5;
      },
    ],
    [
      'a new object, changed after it was put in',
      { list: [] },
      (s) => {
        const one: Json = { n: 1 };
        (s.list as Json[]).push(one);
        (s.list as Json[])[0].n = 2;
      },
    ],
    [
      'a key taken out and put back',
      { a: { n: 1 } },
      (s) => {
        delete s.a;
        s.a = { m: 2 };
      },
    ],
  ])('reproduces the edit of a handler: %s', (_what, before, change) => {
    const outcome = changed(before, (room) => change(room.state));
    expect(applyChange(outcome.old, stored(outcome.change))).toEqual(outcome.value);
  });
});

describe('the draft of a handler', () => {
  it('leads to the same state whether it is a copy or a proxy', () => {
    fc.assert(
      fc.property(state, edits, (before, steps) => {
        const [onProxy, onCopy] = (['proxy', 'copy'] as const).map((draft) => {
          const machine = machineOf(before, (room) => editAll(room.state, steps), { draft });
          const outcome = machine.handle(machine.start('r1' as RoomId, PLAYERS).value, {
            kind: 'command',
            seat: 0,
            seq: 1,
            name: 'edit',
            data: null,
          });
          return outcome.kind === 'changed' ? outcome.value.state : outcome;
        });
        expect(onCopy).toEqual(onProxy);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('an object in two places of the state', () => {
  it('becomes two objects after the next change, with and without a recovery', () => {
    let step = 0;
    const handlers: ((state: Json) => void)[] = [
      (s) => {
        s.b = s.a;
      },
      (s) => {
        (s.a as Json).n = 2;
      },
      (s) => {
        s.c = s.b;
        (s.b as Json).n = 3;
      },
    ];
    const machine = machineOf({ a: { n: 1 } }, (room) => handlers[step](room.state));
    let owner = machine.start('r1' as RoomId, PLAYERS).value;
    let recovered: RoomValue<Json> = stored(owner);
    for (step = 0; step < handlers.length; step++) {
      const outcome = machine.handle(owner, { kind: 'command', seat: 0, seq: step + 1, name: 'edit', data: null });
      if (outcome.kind !== 'changed') throw new Error(outcome.kind);
      owner = outcome.value;
      recovered = applyChange(recovered, stored(outcome.change));
      expect(recovered).toEqual(owner);
    }
    expect(owner.state).toEqual({ a: { n: 2 }, b: { n: 3 }, c: { n: 3 } });
  });

  it('is copied into an event, an effect and the result', () => {
    const { change, value, old } = changed({ a: { n: 1 } }, (room) => {
      const one = room.state.a as Json;
      room.emit('told', one);
      room.effect('done', one);
      one.n = 2;
      room.state.b = one;
      room.end(one);
      one.n = 3;
    });
    expect(change.events).toEqual([{ name: 'told', data: { n: 1 } }]);
    expect(change.effects).toEqual([{ name: 'done', data: { n: 1 } }]);
    expect(change.ended?.result).toEqual({ n: 2 });
    expect(value.state).toEqual({ a: { n: 3 }, b: { n: 3 } });
    expect(applyChange(old, stored(change))).toEqual(value);
  });

  it('can come from the data of the command', () => {
    const sent = { tags: ['x'] };
    const machine = machineOf({ list: [] }, (room, data) => {
      (room.state.list as unknown[]).push(data, data);
      (room.state.list as { tags: string[] }[])[0].tags.push('y');
    });
    const old = machine.start('r1' as RoomId, PLAYERS).value;
    const outcome = machine.handle(old, { kind: 'command', seat: 0, seq: 1, name: 'edit', data: sent });
    if (outcome.kind !== 'changed') throw new Error(outcome.kind);
    expect(applyChange(old, stored(outcome.change))).toEqual(outcome.value);
  });
});

describe('the patches that `diff` computes', () => {
  it('turn any value into any other value', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(applyPatches(before, stored(diff(before, after)))).toEqual(after);
      }),
      { numRuns: RUNS },
    );
  });

  it('consist of few operations for few edits, and of none without an edit', () => {
    fc.assert(fc.property(json, (value) => expect(diff(value, stored(value))).toEqual([])));
    const board = { cells: [0, null, 1], turn: 0 };
    expect(diff(board, { cells: [0, 1, 1], turn: 1 })).toEqual([
      { op: 'replace', path: '/cells/1', value: 1 },
      { op: 'replace', path: '/turn', value: 1 },
    ]);
  });

  it('replace a completely changed part as a whole, but not the root of the value', () => {
    expect(diff({ at: { x: 1, y: 1 }, n: 1 }, { at: { x: 2, y: 2 }, n: 1 })).toEqual([
      { op: 'replace', path: '/at', value: { x: 2, y: 2 } },
    ]);
    expect(diff({ x: 1, y: 1 }, { x: 2, y: 2 })).toHaveLength(2);
  });

  it('cannot be computed for a value that is not plain data', () => {
    expect(() => diff({ at: [1] }, { at: [2, new Date(2)] }, 'view')).toThrow('view.at[1] is a Date');
  });

  it('change neither argument of `diff` when they are computed and applied', () => {
    fc.assert(fc.property(json, json, (before, after) => void applyPatches(freeze(before), diff(before, freeze(after)))));
  });
});

type Json = Record<string, unknown>;

const key = fc
  .oneof(fc.constantFrom('a', 'b', 'c', 'x/y', '~', '', '0'), fc.string({ maxLength: 3 }))
  .filter((name) => name !== '__proto__');

const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, 1, -1.5, '', 'text'),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

const state = fc.dictionary(key, json, { minKeys: 1, maxKeys: 5, noNullPrototype: true }) as fc.Arbitrary<Json>;

/**
 * The edits of a handler. The last four use a variable of the handler: they store an object in it, put the object into the state, and
 * change the object through the variable.
 */
const ACTS = [
  ...['set', 'drop', 'push', 'pop', 'shift', 'unshift', 'splice', 'reverse', 'cut', 'swap', 'move', 'copy'],
  ...['keep', 'fresh', 'place', 'touch'],
] as const;

const edits = fc.array(
  fc.record({
    act: fc.constantFrom(...ACTS),
    where: fc.nat(20),
    other: fc.nat(20),
    at: fc.nat(4),
    count: fc.nat(3),
    key,
    value: json,
  }),
  { minLength: 1, maxLength: 8 },
);

/**
 * A case in which the replay of a recorded list of edits would lead to another state than the one that the handler made. The handler puts
 * an object into the state a second time, puts another object into this object, and then changes both objects.
 */
const MOVED_WITHIN_MOVED: [Json, Edit[]] = [
  { '0': { a: [], '': {} }, a: [[]], '': { '0': [[]], '': { '': {} } }, ' ': [{ '': {} }] },
  [
    { act: 'move', where: 12, other: 8, at: 0, count: 0, key: '', value: null },
    { act: 'move', where: 10, other: 7, at: 0, count: 0, key: 'a', value: null },
    { act: 'set', where: 4, other: 0, at: 0, count: 0, key: '', value: null },
    { act: 'set', where: 7, other: 0, at: 0, count: 0, key: '', value: null },
  ],
];

type Edit = typeof edits extends fc.Arbitrary<(infer One)[]> ? One : never;

function editAll(root: unknown, steps: readonly Edit[]): void {
  const kept: unknown[] = [];
  for (const step of steps) {
    if (step.act === 'keep' || step.act === 'fresh' || step.act === 'place' || step.act === 'touch') juggle(root, kept, step);
    else edit(root, step);
  }
}

/** Performs one edit of a handler on an object in a variable. The state can contain the object once, twice, or not at all. */
function juggle(root: unknown, kept: unknown[], { act, where, other, key: name, value }: Edit): void {
  const containers = containersOf(root);
  const target = containers[where % containers.length];
  if (act === 'keep') kept.push(target);
  else if (act === 'fresh') kept.push({ [name]: stored(value), inner: { n: 1 } });
  else if (kept.length === 0) return;
  else if (act === 'place') put(target, name, outsideOf(target, kept[other % kept.length]));
  else {
    const inside = containersOf(kept[other % kept.length]);
    put(inside[where % inside.length], name, stored(value));
  }
}

function put(target: unknown, name: string, value: unknown): void {
  if (Array.isArray(target)) target.push(value);
  else (target as Json)[name] = value;
}

/** Performs one edit of a handler on any container in the state. */
function edit(root: unknown, { act, where, other, at, count, key: name, value }: Edit): void {
  const containers = containersOf(root);
  const target = containers[where % containers.length];
  if (!Array.isArray(target)) {
    if (act === 'drop') delete target[name];
    else if (act === 'copy' || act === 'move') target[name] = outsideOf(target, containers[other % containers.length]);
    else target[name] = stored(value);
    return;
  }
  if (act === 'pop') target.pop();
  else if (act === 'shift') target.shift();
  else if (act === 'unshift') target.unshift(stored(value));
  else if (act === 'splice') target.splice(at, count, stored(value), stored(value));
  else if (act === 'drop') target.splice(at, count);
  else if (act === 'reverse') target.reverse();
  else if (act === 'cut') target.length = Math.min(target.length, at);
  else if (act === 'swap' && target.length > 1) [target[0], target[target.length - 1]] = [target[target.length - 1], target[0]];
  else if (act === 'move' && target.length > 0) target.push(target.splice(at % target.length, 1)[0]);
  else if (act === 'copy') target.push(outsideOf(target, containers[other % containers.length]));
  else if (act === 'set' && target.length > 0) target[at % target.length] = stored(value);
  else target.push(stored(value));
}

/** Returns `wanted`, or null when putting it into `target` would create a cycle. */
function outsideOf(target: unknown, wanted: unknown): unknown {
  return containersOf(wanted).includes(target as Json) ? null : wanted;
}

function containersOf(value: unknown): (Json | unknown[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json, ...Object.values(value).flatMap(containersOf)];
}

type Options = Partial<Pick<GameDefinition, 'draft' | 'quantize'>>;

const PLAYERS = [
  { user: 'u1' as UserId, name: 'Ann' },
  { user: 'u2' as UserId, name: 'Bob' },
];

function machineOf(before: Json, run: (room: GameRoom<Json>, data: unknown) => void, options: Options = {}): RoomMachine<Json> {
  const rules = rulesOf<Json>('edits', () => before, {
    commands: new Map([['edit', { validate: (value) => ({ ok: true, value }), run }]]),
  });
  return new RoomMachine({ ...rules, definition: { ...rules.definition, ...options } }, { now: () => 1_000, random: () => 0.5 });
}

function changed(
  before: Json,
  run: (room: GameRoom<Json>) => void,
  options: Options = {},
): { old: RoomValue<Json>; value: RoomValue<Json>; change: Change } {
  const machine = machineOf(before, run, options);
  const old = machine.start('r1' as RoomId, PLAYERS).value;
  const outcome: RoomOutcome<Json> = machine.handle(old, { kind: 'command', seat: 0, seq: 1, name: 'edit', data: null });
  if (outcome.kind === 'failed') throw outcome.error;
  if (outcome.kind !== 'changed') throw new Error(outcome.kind);
  return { old, value: outcome.value, change: outcome.change };
}

/**
 * Returns the value as Redis or the network would deliver it. Does not use `structuredClone`, because in Jest it returns objects of another
 * realm.
 */
function stored<T>(value: T): T {
  const copy = JSON.parse(JSON.stringify(value)) as T;
  if (typeof value === 'object' && value !== null && 'delta' in value && value.delta instanceof Uint8Array)
    Object.assign(copy as object, { delta: value.delta.slice() });
  return copy;
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
