import type { StateCopy } from '#libs/state-patch';
import { checked, copyContainer, copyPart, countPart, flawAt, type PartCopier } from './plain-data.js';

/**
 * Returns the draft of a state as plain data that shares nothing with the draft. A part that the handler did not change is the part of the
 * state itself, also when it has moved. So the encoder of patches recognizes it.
 *
 * @throws UnstorableError when the draft contains something that is not plain data
 */
export function plainState<State>(copy: StateCopy<State>): State {
  const container: PartCopier = (value, depth) => {
    const original = copy.originalOf(value);
    if (original === undefined) return copyContainer(value, depth, container);
    if (Array.isArray(original)) return sharedList(original, value as readonly unknown[], depth, container);
    return hasSameKeys(original as PlainObject, value as PlainObject)
      ? sharedRecord(original as PlainObject, value as PlainObject, depth, container)
      : copyContainer(value, depth, container);
  };
  return checked('state', () => copyPart(copy.draft, 0, container)) as State;
}

type PlainObject = Record<string, unknown>;

function sharedList(original: readonly unknown[], value: readonly unknown[], depth: number, container: PartCopier): unknown {
  countPart(depth);
  const items: unknown[] = [];
  let isChanged = value.length !== original.length;
  for (let index = 0; index < value.length; index++) {
    const item = sharedPart(index, original[index], value[index], depth, container);
    if (item !== original[index]) isChanged = true;
    items.push(item);
  }
  return isChanged ? items : original;
}

function sharedRecord(original: PlainObject, value: PlainObject, depth: number, container: PartCopier): unknown {
  countPart(depth);
  let changed: PlainObject | null = null;
  for (const key in original) {
    const kept = sharedPart(key, original[key], value[key], depth, container);
    if (kept === original[key]) continue;
    changed ??= { ...original };
    changed[key] = kept;
  }
  return changed ?? original;
}

function sharedPart(key: string | number, original: unknown, value: unknown, depth: number, container: PartCopier): unknown {
  // A NaN in both was stored by an old version of Holdfast.
  if (Object.is(value, original)) return original;
  try {
    return copyPart(value, depth + 1, container);
  } catch (thrown) {
    throw flawAt(key, thrown);
  }
}

function hasSameKeys(a: PlainObject, b: PlainObject): boolean {
  const keys = Object.keys(b);
  let at = 0;
  for (const key in a) if (keys[at++] !== key) return false;
  return at === keys.length;
}
