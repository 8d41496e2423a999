import { NotPlainError } from '#libs/protocol';

/**
 * The error of stored bytes that no version of Holdfast wrote. The cause is a broken disk, another program or a defect. The message names
 * the unreadable part and the reason, and quotes no bytes. A repeated read fails in the same way.
 */
export class UnreadableError extends Error {
  constructor(what: string, why: string, cause?: unknown) {
    super(`${what} cannot be read: ${why}`, { cause });
    this.name = 'UnreadableError';
  }
}

/** Returns the result of `read`. Throws `UnreadableError` when the bytes that `read` decodes are not plain MessagePack. */
export function readStored<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NotPlainError)) throw error;
    throw new UnreadableError(what, error.message, error);
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** Throws `UnreadableError` if `holds` is false. `part`: the part of the data that is missing or has the wrong type. */
export function assertStored(holds: boolean, what: string, part: string): asserts holds {
  if (!holds) throw new UnreadableError(what, `${part} is missing or of the wrong kind`);
}

export function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isArrayOf(value: unknown, isItem: (item: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every(isItem);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Returns whether a value is an event or effect: a map with a name, and any data. */
export function isNamed(value: unknown): value is Fields {
  return isMap(value) && isText(value.name);
}

/** Returns whether a value is a rejection: the sequence number of the command, and the code. */
export function isRefusal(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && isCount(value[0]) && isText(value[1]);
}

export function isPendingEffect(value: unknown): boolean {
  return isNamed(value) && isText(value.key);
}

export function isResult(value: unknown): boolean {
  return isMap(value) && isText(value.reason);
}
