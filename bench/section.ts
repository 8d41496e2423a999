/** What a figure should be: at most, or at least. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

export type Report = (what: string, value: number, unit: string, target?: Target) => void;

export interface Size {
  /** Small enough to try a change; the figures are rougher. */
  readonly quick: boolean;
  /** How often each carrier is measured by a section that takes turns. */
  readonly runs: number;
}

export interface Section {
  readonly name: string;
  readonly about: string;
  /** Keeps all it compares alive and measures them one after another, again and again: it is called once, not once a run. */
  readonly takesTurns?: boolean;
  run(report: Report, size: Size): Promise<void>;
}

/** CPU seconds per million of something. */
export function perMillion(seconds: number, count: number): number {
  return (seconds * 1e6) / count;
}
