/** What a figure should be: at most, or at least. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

export type Report = (what: string, value: number, unit: string, target?: Target) => void;

export interface Size {
  /** Small enough to try a change; the figures are rougher. */
  readonly quick: boolean;
}

export interface Section {
  readonly name: string;
  readonly about: string;
  run(report: Report, size: Size): Promise<void>;
}

/** CPU seconds per million of something. */
export function perMillion(seconds: number, count: number): number {
  return (seconds * 1e6) / count;
}
