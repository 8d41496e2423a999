import type { AttributeValue, AttributeWish } from '#libs/protocol';
import type { Ticket } from './ticket.js';

export type Attributes = NonNullable<Ticket['attributes']>;

/** Returns whether tickets with these attributes may be in one match. `AttributeWish` describes the rule. */
export function attributesAgree(all: readonly (Attributes | undefined)[]): boolean {
  const names = new Set(all.flatMap((attributes) => Object.keys(attributes ?? {})));
  for (const name of names) {
    const wishes = all.flatMap((attributes) => (attributes && Object.hasOwn(attributes, name) ? [parsed(attributes[name]!)] : []));
    if (!wishesAgree(wishes)) return false;
  }
  return true;
}

interface Wish {
  readonly value: AttributeValue | undefined;
  /** The accepted values. Undefined: all numbers from `min` to `max` are accepted. */
  readonly any: readonly AttributeValue[] | undefined;
  readonly min: number;
  readonly max: number;
}

function parsed(wish: AttributeWish): Wish {
  const [min, max] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (typeof wish !== 'object') return { value: undefined, any: [wish], min, max };
  if ('any' in wish) return { value: wish.value, any: wish.any, min, max };
  return { value: wish.value, any: undefined, min: wish.min ?? min, max: wish.max ?? max };
}

function wishesAgree(wishes: readonly Wish[]): boolean {
  for (const [index, { value }] of wishes.entries()) {
    if (value !== undefined && !wishes.every((other, at) => at === index || accepts(other, value))) return false;
  }
  return haveCommonValue(wishes.filter(({ value }) => value === undefined));
}

function haveCommonValue(wishes: readonly Wish[]): boolean {
  const listed = wishes.find(({ any }) => any !== undefined);
  if (listed) return listed.any!.some((value) => wishes.every((wish) => accepts(wish, value)));
  return wishes.length === 0 || Math.max(...wishes.map(({ min }) => min)) <= Math.min(...wishes.map(({ max }) => max));
}

function accepts({ any, min, max }: Wish, value: AttributeValue): boolean {
  return any ? any.includes(value) : typeof value === 'number' && value >= min && value <= max;
}
