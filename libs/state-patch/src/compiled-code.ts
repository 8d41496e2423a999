import type { KeyList } from './key-list.js';
import type { PlainRecord } from './plain.js';
import type { RecordCode } from './record-code.js';
import type { StepDiff } from './step-diff.js';
import type { TrackedCopy } from './tracked-copy.js';

/** Maximum number of keys of an object with compiled code. V8 stores objects with more keys as dictionaries. */
const KEYS_MAX = 128;
/**
 * Maximum number of keys for which all code is compiled. For objects with more keys, only the code that makes an object is compiled, and
 * the values of an object are read into a list.
 */
const WRITTEN_OUT_MAX = 16;
/** The compiled source code contains the keys. So only keys of this form are compiled: plain names, which cannot be other code. */
const NAME = /^[A-Za-z_$][\w$]{0,63}$/;
/** Maximum number of key lists with compiled code. When there are more, the process drops the compiled code of the oldest key list. */
const COMPILED_MAX = 1_000;

const compiled: KeyList[] = [];

/**
 * Returns code that contains the keys as literals. V8 then knows the hidden class of the objects, and copies or compares an object in a few
 * nanoseconds. A loop over the keys takes ten times as long. Null: the keys are too many or not plain names, or this process must not
 * compile strings.
 */
export function compiledCode(keys: KeyList): RecordCode | null {
  const { own } = keys;
  if (own.length === 0 || own.length > KEYS_MAX || !own.every((key) => NAME.test(key))) return null;
  try {
    const code = own.length > WRITTEN_OUT_MAX ? new WideCode(keys) : narrowCode(keys);
    compiled.push(keys);
    if (compiled.length > COMPILED_MAX) compiled.shift()!.code = null;
    return code;
  } catch {
    return null;
  }
}

/** The code for an object with many keys, such as a map of entities. */
class WideCode implements RecordCode {
  private readonly make: (values: readonly unknown[]) => PlainRecord;

  constructor(readonly keys: KeyList) {
    this.make = new Function(
      'values',
      `return { ${keys.own.map((key, index) => `${key}: values[${index}]`).join(', ')} };`,
    ) as typeof this.make;
  }

  copy(record: PlainRecord, tracked: TrackedCopy, depth: number): PlainRecord {
    const at = tracked.reserve(this);
    const values = Object.values(record);
    const { order } = this.keys;
    for (let index = 0; index < values.length; index++) {
      const place = order === null ? index : order[index]!;
      const part = values[place];
      if (typeof part === 'object' && part !== null) values[place] = tracked.part(part, depth + 1);
    }
    const copy = this.make(values);
    tracked.copies[at] = copy;
    tracked.ends[at] = tracked.count;
    return copy;
  }

  edit(before: PlainRecord, after: PlainRecord, diff: StepDiff, depth: number): PlainRecord | undefined {
    const { own, order } = this.keys;
    let at = 0;
    for (const key in after) if (own[at++] !== key) return diff.otherKeys(before, after, this.keys, depth);
    if (at !== own.length) return diff.otherKeys(before, after, this.keys, depth);
    const values = Object.values(before);
    const parts = Object.values(after);
    const siblings = diff.begin(depth);
    let isChanged = false;
    for (let index = 0; index < values.length; index++) {
      const place = order === null ? index : order[index]!;
      const old = values[place];
      const part = parts[place];
      if (old === part) {
        diff.passed(old);
        continue;
      }
      const kept = diff.child(siblings, index, old, part, depth);
      if (kept === old) continue;
      values[place] = kept;
      isChanged = true;
    }
    diff.end(siblings);
    return isChanged ? this.make(values) : before;
  }
}

function narrowCode(keys: KeyList): RecordCode {
  const code = new Function(sourceOf(keys.own, keys.sorted))() as Pick<RecordCode, 'copy' | 'edit'>;
  return { keys, copy: code.copy, edit: code.edit };
}

function sourceOf(own: readonly string[], sorted: readonly string[]): string {
  const at = sorted.map((_key, index) => index);
  const place = (key: string): number => sorted.indexOf(key);
  return `'use strict';
return {
  copy(record, tracked, depth) {
    const at = tracked.reserve(this);
    const ${at.map((index) => `b${index} = record.${sorted[index]}`).join(', ')};
    const ${at.map((index) => `n${index} = typeof b${index} === 'object' && b${index} !== null ? tracked.part(b${index}, depth + 1) : b${index}`).join(', ')};
    const copy = { ${own.map((key) => `${key}: n${place(key)}`).join(', ')} };
    tracked.copies[at] = copy;
    tracked.ends[at] = tracked.count;
    return copy;
  },
  edit(before, after, diff, depth) {
    let count = 0;
    for (const key in after) count++;
    if (count !== ${own.length}) return diff.otherKeys(before, after, this.keys, depth);
    const ${at.map((index) => `b${index} = before.${sorted[index]}, a${index} = after.${sorted[index]}`).join(', ')};
    if (${at.map((index) => `a${index} === b${index}`).join(' && ')}) return before;
    if (${at.map((index) => `a${index} === undefined`).join(' || ')}) return diff.otherKeys(before, after, this.keys, depth);
    const siblings = diff.begin(depth);
    const ${at.map((index) => `n${index} = a${index} === b${index} ? typeof b${index} === 'object' ? diff.passed(b${index}) : b${index} : diff.child(siblings, ${index}, b${index}, a${index}, depth)`).join(', ')};
    diff.end(siblings);
    return ${at.map((index) => `n${index} === b${index}`).join(' && ')} ? before : { ${own.map((key) => `${key}: n${place(key)}`).join(', ')} };
  },
};`;
}
