import fc from 'fast-check';

/** Numbers of every form that the codec distinguishes. */
export const numbers = fc
  .oneof(
    fc.integer(),
    fc.integer({ min: -20, max: 130 }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -1e6, max: 1e6 }).map((steps) => steps / 100),
    fc.integer({ min: -1e9, max: 1e9 }).map((steps) => steps / 1_000),
    fc.maxSafeInteger(),
  )
  // Turns -0 into 0, because plain data has no -0.
  .map((value) => value + 0);

const keys = fc.oneof(
  fc.constantFrom('x', 'y', 'id', '10', '9', 'a', 'b', 'é', '\u{1F600}', '\uffee', '', 'toString', 'constructor', 'hasOwnProperty'),
  fc.string({ unit: 'binary', maxLength: 4 }).filter((key) => key.isWellFormed() && key !== '__proto__'),
);

const texts = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed()),
  fc.string({ minLength: 30, maxLength: 90 }),
);

/** Any plain value. Some values contain lists of similar objects. */
export const plainValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    fc.constant(null),
    fc.boolean(),
    numbers,
    texts,
    tie('list'),
    tie('record'),
    tie('entities'),
  ),
  list: fc.array(tie('value'), { maxLength: 12 }),
  record: fc.dictionary(keys, tie('value'), { maxKeys: 9, noNullPrototype: true }),
  entities: fc.array(
    fc.record(
      { id: fc.integer({ min: 0, max: 9 }), x: numbers, y: numbers, on: fc.boolean() },
      { requiredKeys: ['id', 'x'], noNullPrototype: true },
    ),
    { maxLength: 20 },
  ),
})).value;

/** Edits a value at random. The result shares the unchanged parts with the old value. */
export class RandomEdit {
  private depth = 0;

  /**
   * @param below returns a random integer from 0 to its argument, exclusive
   * @param another returns a random value to insert
   */
  constructor(
    private readonly below: (limit: number) => number,
    private readonly another: () => unknown,
  ) {}

  edit(value: unknown): unknown {
    if (this.depth > 5) return value;
    this.depth++;
    try {
      if (Array.isArray(value)) return this.editList(value.slice());
      if (typeof value === 'object' && value !== null) return this.editRecord({ ...value });
      return this.below(10) < 2 ? this.another() : this.editPrimitive(value);
    } finally {
      this.depth--;
    }
  }

  private editList(list: unknown[]): unknown[] {
    for (let edits = this.below(4); edits >= 0; edits--) {
      const at = this.below(list.length + 1);
      const kind = this.below(8);
      if (kind === 0) list.splice(at, 0, this.another());
      else if (kind === 1) list.splice(at, 1 + this.below(3));
      else if (kind === 2) list.push(this.another(), this.another());
      else if (kind === 3) list.length = Math.min(list.length, at);
      else if (kind === 4) list.splice(this.below(list.length), 0, ...list.splice(at, 1));
      else if (kind === 5) for (let index = 0; index < list.length; index++) list[index] = this.edit(list[index]);
      else if (at < list.length) list[at] = this.edit(list[at]);
    }
    return list;
  }

  private editRecord(record: Record<string, unknown>): Record<string, unknown> {
    for (let edits = this.below(4); edits >= 0; edits--) {
      const keysNow = Object.keys(record);
      const key = keysNow[this.below(keysNow.length)];
      const kind = this.below(7);
      if (kind === 0) record[`n${this.below(20)}`] = this.another();
      else if (kind === 1 && key !== undefined) delete record[key];
      else if (kind === 2) record = Object.fromEntries(Object.entries(record).reverse());
      else if (kind === 3) for (const each of keysNow) record[each] = this.edit(record[each]);
      else if (key !== undefined) record[key] = this.edit(record[key]);
    }
    return record;
  }

  private editPrimitive(value: unknown): unknown {
    if (typeof value === 'boolean') return !value;
    if (typeof value === 'number') {
      const cents = Math.round(value * 100 + this.below(50)) / 100;
      const next = [value + 1, value - 100, value + 0.25, cents, Math.fround(value * 1.1), value * 1.0001, -value][this.below(7)]!;
      return Number.isFinite(next) ? next + 0 : 1;
    }
    if (typeof value !== 'string') return value;
    const at = this.below(value.length);
    const next = `${value.slice(0, at)}é${value.slice(at + this.below(3))}`;
    return next.isWellFormed() ? next : 'w';
  }
}

/** Returns a copy in which the keys of all objects are in the reverse order. */
export function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reordered(part)]),
  );
}

/** Returns a generator of integers for RandomEdit. Source: Marsaglia, Xorshift RNGs (2003). */
export function seededBelow(seed: number): (limit: number) => number {
  let state = seed >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return limit > 0 ? (state >>> 3) % limit : 0;
  };
}

export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}
