import { DEPTH_MAX } from './format.js';
import { StatePatchError } from './state-patch-error.js';

/** An object literal whose values are plain data. */
export type PlainRecord = Readonly<Record<string, unknown>>;

/** True for arrays and objects, which have children. */
export function hasChildren(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Throws unless `value` is an object literal. The literal may come from another realm, such as a VM context. */
export function assertRecord(value: object): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null) return;
  throw new StatePatchError('An object has a class. Plain data has only object literals and arrays.');
}

/** Throws for a value that is none of null, boolean, number, string, array or object. */
export function refuseKind(value: unknown): never {
  throw new StatePatchError(
    `A value is ${value === undefined ? 'undefined' : `a ${typeof value}`}. Plain data has objects, arrays, strings, numbers, booleans and null.`,
  );
}

/** Throws for NaN and the infinities. */
export function assertFinite(value: number): void {
  if (value - value !== 0) throw new StatePatchError(`A number is ${value}. Plain data has only finite numbers.`);
}

/** Matches half of a surrogate pair. With the flag `u`, a whole pair is one character. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** Throws for a string that has half of a surrogate pair, because UTF-8 cannot represent it. */
export function assertWellFormed(text: string): void {
  // React Native has `isWellFormed` since version 0.84.
  if (!(text.isWellFormed?.() ?? !LONE_SURROGATE.test(text))) throw new StatePatchError('A string has half of a surrogate pair.');
}

/** Throws the error for a value that is nested too deep, or that contains itself. */
export function refuseDepth(): never {
  throw new StatePatchError(`A value has more than ${DEPTH_MAX} levels, or contains itself.`);
}
