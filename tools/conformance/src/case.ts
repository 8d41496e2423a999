import type { Table } from './table.js';

/** One requirement of the protocol. `run` throws `CaseFailure` when the client does not meet it. */
export interface Case {
  /** The behavior that the case requires, as a sentence without its subject, which is always the client. */
  readonly name: string;
  /** The number of gateways. Default: 1. */
  readonly gateways?: number;
  run(table: Table): Promise<void>;
}

/** Thrown when the client behaves differently from the protocol. The message says what the case expected and what happened. */
export class CaseFailure extends Error {}

/** Thrown when the client does not support an optional part of the protocol. The message is the reason. */
export class CaseSkipped extends Error {}

export function expectThat(isTrue: boolean, message: string): asserts isTrue {
  if (!isTrue) throw new CaseFailure(message);
}

/** Compares two plain values. Ignores the order of keys. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [canonical(actual), canonical(expected)];
  if (found !== wanted) throw new CaseFailure(`${what}: expected ${short(wanted)}, found ${short(found)}`);
}

/** Returns JSON with sorted keys. */
function canonical(value: unknown): string {
  const sorted = (_key: string, part: unknown): unknown =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sorted) ?? 'nothing';
}

function short(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
