import { Finding } from './target.js';

/**
 * Maximum number of values in a decoded result. It is above the number of bytes of any case. So a result with more values contains shared
 * references.
 */
const VALUES_MAX = 2_000_000;

/**
 * Throws a finding unless `value` is a tree of plain values. A plain tree has no instances of classes except byte arrays, no object in two
 * places, no cycles, and no own key `__proto__`. So code can visit all values of a plain tree without a limit on their number.
 */
export function assertPlainTree(value: unknown): void {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  for (let count = 0; pending.length > 0; count++) {
    if (count > VALUES_MAX) throw new Finding(`more than ${VALUES_MAX} values`);
    const one = pending.pop();
    if (typeof one === 'bigint' || typeof one === 'function' || typeof one === 'symbol') throw new Finding(`a ${typeof one} was decoded`);
    if (typeof one !== 'object' || one === null) continue;
    if (seen.has(one)) throw new Finding('one object was decoded to two places');
    seen.add(one);
    if (one instanceof Uint8Array) continue;
    const prototype: unknown = Object.getPrototypeOf(one);
    if (!Array.isArray(one) && prototype !== Object.prototype) throw new Finding('an object of another class was decoded');
    if (Object.hasOwn(one, '__proto__')) throw new Finding('a key __proto__ was decoded');
    for (const item of Array.isArray(one) ? one : Object.values(one)) pending.push(item);
  }
}
