/** The target of a figure: a maximum or a minimum. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

export type Report = (what: string, value: number, unit: string, target?: Target) => void;

export interface Size {
  /** Whether to measure less, which is enough to try a change. The figures are less exact. */
  readonly quick: boolean;
  /** Number of measurements per carrier, for a section that interleaves its carriers. */
  readonly runs: number;
}

export interface Section {
  readonly name: string;
  readonly about: string;
  /** Whether the section keeps all carriers alive and measures them in turn. It is then called once, not once per run. */
  readonly takesTurns?: boolean;
  run(report: Report, size: Size): Promise<void>;
}

/** Returns the CPU time for a million messages, in seconds. */
export function perMillion(seconds: number, count: number): number {
  return (seconds * 1e6) / count;
}
