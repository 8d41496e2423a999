import type { Fault } from './faults.js';

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

interface Wait {
  readonly from: number;
  readonly ms: number;
}

/** The shortest time to an answer that counts as a long wait, in ms. Without a fault, every answer is faster. */
const LONG_WAIT_MS = 100;
/** A fault also counts as the cause of a wait that begins at most this time after the end of the fault, in ms. */
const AFTERMATH_MS = 5_000;
export const NO_FAULT = 'none';

/** The waiting times of players: for the answer to a command, and from `paused` to `resumed`. */
export class Pauses {
  private readonly answers: Wait[] = [];
  private readonly told: Wait[] = [];

  answered(from: number, ms: number): void {
    this.answers.push({ from, ms });
  }

  paused(from: number, ms: number): void {
    this.told.push({ from, ms });
  }

  get answersMs(): Spread {
    return spreadOf(this.answers.map(({ ms }) => ms));
  }

  /**
   * Returns the waits, grouped by cause. The cause of a wait is the latest fault that began before the wait and was still in effect.
   * Otherwise it is the first fault that began during the wait. Otherwise it is `NO_FAULT`.
   */
  byFault(faults: readonly Fault[]): Record<string, { faults: number; pauses: Spread; longWaits: Spread }> {
    const kinds = new Map<string, { pauses: number[]; waits: number[] }>();
    const of = (kind: string): { pauses: number[]; waits: number[] } => {
      const known = kinds.get(kind) ?? { pauses: [], waits: [] };
      kinds.set(kind, known);
      return known;
    };
    for (const { kind } of faults) of(kind);
    for (const wait of this.told) of(causeOf(wait, faults)).pauses.push(wait.ms);
    for (const wait of this.answers) if (wait.ms >= LONG_WAIT_MS) of(causeOf(wait, faults)).waits.push(wait.ms);
    return Object.fromEntries(
      [...kinds]
        .sort()
        .map(([kind, { pauses, waits }]) => [
          kind,
          { faults: faults.filter((fault) => fault.kind === kind).length, pauses: spreadOf(pauses), longWaits: spreadOf(waits) },
        ]),
    );
  }
}

function causeOf({ from, ms }: Wait, faults: readonly Fault[]): string {
  const felt = faults.filter((fault) => fault.from < from + ms && fault.until + AFTERMATH_MS > from);
  // If an earlier fault was still in effect at the beginning of the wait, it is the cause, and not a fault that began during the wait.
  const before = felt.filter((fault) => fault.from <= from);
  return (before.at(-1) ?? felt[0])?.kind ?? NO_FAULT;
}

function spreadOf(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
