import fc from 'fast-check';
import type { RoomId, UserId } from '#libs/protocol';
import { applyChanges, type GameRoom, RoomMachine, type RoomOutcome, type RoomValue, UnstorableError } from '#libs/room';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { packChange, unpackChanges } from './change-codec.js';
import { packCheckpoint, unpackCheckpoint } from './checkpoint.js';

/**
 * Checks that the store returns exactly the state of the owner, whatever values a game puts into the state. Each run uses new random
 * values. For more runs, set their number: `KEPT_RUNS=50000`. To repeat a failure, use the seed in its message.
 */
const RUNS = Number(process.env.KEPT_RUNS ?? 1_500);

type State = Record<string, unknown>;

describe('the state of a game with a failover after each change', () => {
  it('equals the stored state after every change that the room accepts', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 4 }), (chain) => {
        const game = new Game();
        for (const changes of chain) {
          const before = exactly(game.owner);
          const outcome = game.command((state) => {
            for (const step of changes) tryToPut(state, step);
          });
          if (outcome.kind === 'changed') {
            accepted += 1;
            expectSame(game.replayed(), game.owner);
            expectSame(game.fromCheckpoint(), game.owner);
          } else {
            refused += 1;
            expectNamed(outcome);
            expect(exactly(game.owner)).toBe(before);
          }
          game.failOver();
        }
      }),
      { numRuns: RUNS },
    );
    // The test needs many stored states and many refused states. Otherwise it would test only one of the two.
    expect(accepted).toBeGreaterThan(RUNS / 10);
    expect(refused).toBeGreaterThan(RUNS / 10);
  });

  it.each<[string, () => unknown, string]>([
    ['a Date', () => new Date(0), 'state.list[0].x is a Date'],
    ['a Map', () => new Map([[1, 2]]), 'state.list[0].x is a Map'],
    ['a text cut in the middle of an emoji', () => '😀'.slice(0, 1), 'state.list[0].x is a string with half of a surrogate pair'],
    [
      'an own key __proto__ among many',
      () => JSON.parse(JSON.stringify({ ...many(), proto: 1 }).replace('proto', '__proto__')),
      'state.list[0].x has a key __proto__',
    ],
    ['an own key __proto__', () => JSON.parse('{"__proto__":{}}'), 'state.list[0].x has a key __proto__'],
    ['a key cut in the middle of an emoji', () => ({ ['😀'.slice(1)]: 1 }), 'state.list[0].x has a key that is a string with half'],
    ['undefined', () => ({ y: undefined }), 'state.list[0].x.y is undefined'],
    ['NaN', () => [Number.NaN], 'state.list[0].x[0] is NaN'],
    ['a bigint', () => 1n, 'state.list[0].x is a bigint'],
    ['bytes', () => new Uint8Array(3), 'state.list[0].x is a Uint8Array'],
    ['a function', () => () => 1, 'state.list[0].x is a function'],
    ['an instance that extends null', () => Object.create(Object.create(null)), 'state.list[0].x is an object with a prototype'],
    ['an array with keys of its own', () => Object.assign([1], { extra: 1 }), 'state.list[0].x is an array with keys of its own'],
    ['the result of a regular expression', () => /a/.exec('a'), 'state.list[0].x is an array with keys of its own'],
    ['a value that contains itself', () => circle(), 'levels deep, or holds itself'],
    ['more levels than a frame has', () => deep(600), 'levels deep, or holds itself'],
    ['references that double 40 times', () => doubled(40), 'makes more than 1000000 objects and arrays'],
  ])('is refused when it contains %s, and the refusal names the path', (_what, make, flaw) => {
    const game = new Game();
    const outcome = game.command((state) => {
      (state.list as unknown[])[0] = { x: make() };
    });
    expectNamed(outcome);
    expect(String((outcome as { error: unknown }).error)).toContain(flaw);
  });

  it.each<[string, () => unknown, unknown]>([
    ['-0, as 0', () => -0, 0],
    [
      'a getter, as its value',
      () => ({
        get at() {
          return 1;
        },
      }),
      { at: 1 },
    ],
    ['an object without a prototype, as an ordinary one', () => Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['a frozen object', () => Object.freeze({ a: 1 }), { a: 1 }],
    ['a proxy, as what it shows', () => new Proxy({ a: [1] }, {}), { a: [1] }],
    [
      'numbers beyond 2^53',
      () => [2 ** 53 + 2, -(2 ** 70), Number.MAX_VALUE, Number.MIN_VALUE],
      [2 ** 53 + 2, -(2 ** 70), Number.MAX_VALUE, Number.MIN_VALUE],
    ],
    [
      'keys that objects have by themselves',
      () => ({ constructor: 1, hasOwnProperty: 2, length: 3 }),
      { constructor: 1, hasOwnProperty: 2, length: 3 },
    ],
    ['toJSON beside constructor', () => ({ constructor: 1, toJSON: 2, toString: 3 }), { constructor: 1, toJSON: 2, toString: 3 }],
    ['a text with NUL', () => 'a\0b', 'a\0b'],
  ])('is accepted when it contains %s', (_what, make, kept) => {
    const game = new Game();
    const outcome = game.command((state) => {
      state.x = make();
    });
    expect(outcome.kind).toBe('changed');
    expect(game.owner.state.x).toStrictEqual(kept);
    expectSame(game.replayed(), game.owner);
    expectSame(game.fromCheckpoint(), game.owner);
  });

  it('shares no object with variables of the game', () => {
    const game = new Game();
    const kept = { cards: [{ rank: 1 }] };
    game.command((state) => {
      state.hand = kept;
    });
    kept.cards[0].rank = 2;
    kept.cards.push({ rank: 3 });
    expect(game.owner.state.hand).toEqual({ cards: [{ rank: 1 }] });
    expectSame(game.replayed(), game.owner);
  });

  it('cannot be changed by the view method', () => {
    const game = new Game();
    const before = exactly(game.owner);
    expect(() => game.spyingView()).toThrow(TypeError);
    expect(exactly(game.owner)).toBe(before);
  });

  it('is frozen during at least one of 16 calls of the view method, so that a view method that writes to the state throws', () => {
    const game = new Game();
    const writeInViews = (): void => {
      for (let change = 0; change < 16; change++) {
        game.command((state) => void Object.assign(state, { other: change }));
        game.spyingViewOf();
      }
    };
    expect(writeInViews).toThrow(TypeError);
  });

  it('is refused when it contains an object that an earlier handler has kept in a variable', () => {
    const game = new Game();
    let kept: unknown;
    game.command((state) => {
      kept = state.list;
      state.n = 1;
    });
    for (const place of [
      (state: State) => Object.assign(state, { x: kept }),
      (state: State) => Object.assign(state, { x: { deep: [kept] } }),
    ]) {
      const outcome = game.command((state) => void place(state));
      expect(outcome.kind).toBe('failed');
      expect(String((outcome as { error: unknown }).error)).toMatch(/earlier handler|state\.x\.deep\[0\] cannot be read/);
    }
  });

  it.each<[string, State, (state: State) => void]>([
    [
      'a key that was deleted and set again',
      { a: 1, b: 2, c: 3 },
      (s) => {
        delete s.a;
        s.a = 1;
      },
    ],
    ['a new key between two others', { o: { a: 1, c: 3 } }, (s) => void Object.assign(s, { o: { a: 1, b: 2, c: 3 } })],
    ['keys in the other order', { o: { a: 1, b: { n: 1 } } }, (s) => void Object.assign(s, { o: { b: { n: 2 }, a: 1 } })],
    [
      'many keys, some deleted and some added',
      { o: many() },
      ({ o }) => {
        const all = o as State;
        delete all.k7;
        all.k8 = { n: 2 };
        all.k7 = { n: 3 };
        all.more = [many()];
      },
    ],
    [
      'numbers among the keys',
      { o: { 7: 1, b: 1 } },
      (s) => void Object.assign(s, { o: { b: 1, 3: 1, 7: 2, '-1': 1, '01': 1, 4294967295: 1, 4294967294: 1 } }),
    ],
  ])('has its keys in the same order as the stored state after the edit: %s', (_what, start, change) => {
    const game = new Game(start);
    expect(game.command(change).kind).toBe('changed');
    expectSame(game.replayed(), game.owner);
  });
});

describe('a value that a game passes to its room outside of the state', () => {
  it.each<[string, (room: GameRoom<State>) => void, string]>([
    ['an event', (room) => room.emit('shown', { at: [new Date(0)] }), 'event shown: data.at[0] is a Date'],
    ['an effect', (room) => room.effect('pay', { sum: Number.NaN }), 'effect pay: data.sum is NaN'],
    ['a result', (room) => room.end({ by: undefined }), 'result.by is undefined'],
    ['the name of an event', (room) => room.emit('\ud83d'), 'the name of the event is a string with half of a surrogate pair'],
    ['the name of an effect', (room) => room.effect(7 as unknown as string), 'room.effect is given 7 as the name of an effect'],
    ['the name of a timer', (room) => room.schedule('__proto__', 1), "room.schedule('__proto__') names a timer that no @OnTimer handles"],
    ['the code of a refusal', (room) => room.reject('\ud83d'), 'as a code: give a text of 1 to 64 characters'],
  ])('is refused when the value cannot be stored: %s', (_what, say, flaw) => {
    const game = new Game();
    const outcome = game.handle(say);
    expect(outcome.kind).toBe('failed');
    expect(String((outcome as { error: unknown }).error)).toContain(flaw);
  });
});

/** A room on its owner, and its stored checkpoint and log. */
class Game {
  owner: RoomValue<State>;
  private stored: RoomValue<State>;
  private log: Uint8Array[] = [];
  private seq = 0;
  private run: (room: GameRoom<State>) => void = () => {};
  private readonly machine: RoomMachine<State>;

  constructor(start: State = { list: [], inner: { deep: {} }, n: 0 }) {
    this.machine = new RoomMachine<State>(
      rulesOf<State>('any', () => start, {
        commands: new Map([['run', { validate: (value) => ({ ok: true, value }), run: (room) => this.run(room) }]]),
        view: (state) => {
          state.n = 7;
          return state;
        },
      }),
      { now: () => 1_000, random: () => 0.5 },
    );
    this.owner = this.machine.start('r1' as RoomId, [{ user: 'u1' as UserId, name: 'Ann' }]).value;
    this.stored = roundTrip(this.owner);
  }

  command(change: (state: State) => void): RoomOutcome<State> {
    return this.handle(({ state }) => change(state));
  }

  handle(run: (room: GameRoom<State>) => void): RoomOutcome<State> {
    this.run = run;
    this.seq += 1;
    const outcome = this.machine.handle(this.owner, { kind: 'command', seat: 0, seq: this.seq, name: 'run', data: null });
    if (outcome.kind === 'changed') {
      this.owner = outcome.value;
      this.log.push(packChange(outcome.change));
    }
    return outcome;
  }

  replayed(): RoomValue<State> {
    return applyChanges(this.stored, unpackChanges(Buffer.concat(this.log)).changes);
  }

  fromCheckpoint(): RoomValue<State> {
    return roundTrip(this.owner);
  }

  /** Another owner adopts the room from the log. After some changes it writes a checkpoint of the adopted state. */
  failOver(): void {
    this.owner = this.replayed();
    if (this.log.length > 2) {
      this.stored = roundTrip(this.owner);
      this.log = [];
    }
  }

  spyingView(): unknown {
    return this.machine.view(this.owner.state, 0);
  }

  spyingViewOf(): unknown {
    return this.machine.viewOf(this.owner, 0);
  }
}

function roundTrip(value: RoomValue<State>): RoomValue<State> {
  return unpackCheckpoint(packCheckpoint(value, null)).value as RoomValue<State>;
}

function expectSame(stored: RoomValue<State>, owner: RoomValue<State>): void {
  expect(otherwise(stored, owner, 'value')).toBeNull();
}

/**
 * Returns the path of the first difference. Compares prototypes and the order of keys, too. Returns null when there is no difference. Does
 * not use Jest's comparison, which mistakes a key `constructor` for a class.
 */
function otherwise(a: unknown, b: unknown, path: string): string | null {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b) ? null : path;
  const [keys, others] = [Reflect.ownKeys(a) as string[], Reflect.ownKeys(b) as string[]];
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) || keys.length !== others.length) return path;
  for (const [index, key] of keys.entries()) {
    if (key !== others[index]) return `${path}: key ${index}`;
    const found = otherwise(a[key as keyof typeof a], b[key as keyof typeof b], `${path}/${key}`);
    if (found) return found;
  }
  return null;
}

function expectNamed(outcome: RoomOutcome<State>): void {
  expect(outcome.kind).toBe('failed');
  const { error } = outcome as { error: unknown };
  // A getter in the state can throw an error of the game. Such an error names no path.
  if ((error as Error).message === GETTER_THREW) return;
  expect(error).toBeInstanceOf(UnstorableError);
  expect((error as UnstorableError).path).toMatch(/^state/);
  expect((error as UnstorableError).flaw).not.toBe('');
  expect((error as Error).message.length).toBeLessThan(1_000);
}

const GETTER_THREW = 'the getter threw';

/** Returns the value as text, so that a test can check that an operation did not change the value. */
function exactly(value: RoomValue<State>): string {
  return JSON.stringify(value);
}

interface Step {
  readonly where: number;
  readonly key: string;
  readonly make: () => unknown;
}

/**
 * Puts a value into the state. Ignores errors, because the state can already contain a frozen object, or an object with a getter that
 * throws.
 */
function tryToPut(state: State, step: Step): void {
  try {
    put(state, step);
  } catch {
    // Ignores the error, because the next edit continues with the present state.
  }
}

function put(state: State, { where, key, make }: Step): void {
  const value = make();
  const containers = containersOf(state, 0);
  const target = containers[where % containers.length];
  if (Array.isArray(target)) target.push(value);
  else target[key] = value;
}

function containersOf(value: unknown, depth: number): (State | unknown[])[] {
  if (typeof value !== 'object' || value === null || depth > 6) return [];
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return [];
  return [value as State, ...Object.values(value).flatMap((part) => containersOf(part, depth + 1))];
}

function many(): State {
  return Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, { n: index }]));
}

function circle(): unknown {
  const a: Record<string, unknown> = {};
  a.b = [a];
  return a;
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { in: value };
  return value;
}

function doubled(times: number): unknown {
  let value: unknown = [];
  for (let time = 0; time < times; time++) value = [value, value];
  return value;
}

class Card {
  readonly suit = 'hearts';
}

const anyKey = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'x/y', '~', '~1', '', '0', '7', '-1', '4294967295', 'length') },
  { weight: 1, arbitrary: fc.constantFrom('constructor', 'toJSON', 'hasOwnProperty', 'then', 'prototype', 'é', '😀') },
  { weight: 2, arbitrary: fc.string({ maxLength: 3, unit: 'binary' }) },
);

/**
 * Makes a new value for each run. fast-check generates this function and not the value, because it inspects everything that it generates,
 * and some of the values throw when they are inspected.
 */
type Maker = () => unknown;

const stranger = fc.constantFrom<Maker>(
  () => undefined,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => Number.NEGATIVE_INFINITY,
  () => 1n,
  () => 2n ** 64n,
  () => Symbol('s'),
  () => new Date(0),
  () => new Map([['a', { b: 1 }]]),
  () => new Set([1]),
  () => /x/g,
  () => new Error('e'),
  () => new Card(),
  () => new Uint8Array(2),
  () => Buffer.from('x'),
  () => new ArrayBuffer(2),
  () => Object(1),
  () => Object('x'),
  () => Promise.resolve(),
  () => new WeakMap(),
  () => new URL('http://a'),
  () => () => 1,
  () => '\ud83d',
  () => `${'x'.repeat(80)}\udc00`,
  () => ({ '\ud83d': 1 }),
  () => JSON.parse('{"__proto__":{"a":1}}'),
  () => ({ [Symbol('key')]: 1 }),
  () => ({ toJSON: () => 1 }),
  () => Object.create({ a: 1 }),
  () => new (class extends Array {})(),
  () => Object.assign([1], { own: 1 }),
  () => Object.assign([1], { constructor: null }),
  () => Array(3),
  () => circle(),
  () => deep(600),
  () => revoked({}),
  () => revoked([]),
  () => ({
    get broken() {
      throw new Error(GETTER_THREW);
    },
  }),
);

const odd = fc.constantFrom<Maker>(
  () => -0,
  () => 2 ** 53 + 2,
  () => Number.MIN_VALUE,
  () => 'a\0b',
  () => 'é'.repeat(500),
  () => Object.create(null),
  () => Object.assign(Object.create(null), { z: 1, a: [2] }),
  () => Object.freeze({ z: [1], a: 1 }),
  () => Object.freeze([1, [2]]),
  () => ({
    get z() {
      return [1];
    },
    a: 1,
  }),
  () => Object.defineProperty({ a: 1 }, 'hidden', { value: 2 }),
  () => Object.defineProperty({ a: 1 }, 'fixed', { value: [2], enumerable: true }),
  () => new Proxy({ z: 1, a: [1] }, {}),
  () => new Proxy([1, { a: 1 }], {}),
  () => deep(480),
);

const itself =
  <T>(value: T): Maker =>
  () =>
    value;

const { anything } = fc.letrec<{ anything: Maker }>((tie) => ({
  anything: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 8, arbitrary: fc.constantFrom<unknown>(null, true, 0, 1, -1.5, '', 'text').map(itself) },
    { weight: 3, arbitrary: odd },
    { weight: 1, arbitrary: stranger },
    { weight: 1, arbitrary: fc.double().map(itself) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map(itself) },
    {
      weight: 1,
      arbitrary: fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withSparseArray: true }).map(itself),
    },
    { weight: 1, arbitrary: fc.anything({ withTypedArray: true, withNullPrototype: true, withBoxedValues: true }).map(itself) },
    { weight: 4, arbitrary: fc.array(tie('anything'), { maxLength: 4 }).map((makers) => () => makers.map((make) => make())) },
    { weight: 4, arbitrary: fc.array(fc.tuple(anyKey, tie('anything')), { maxLength: 4 }).map(objectOf) },
  ),
}));

function objectOf(entries: readonly [string, Maker][]): Maker {
  return () => Object.fromEntries(entries.map(([key, make]) => [key, make()]));
}

const steps = fc.array(fc.record({ where: fc.nat(30), key: anyKey.filter((key) => key !== '__proto__'), make: anything }), {
  minLength: 1,
  maxLength: 3,
});

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}
