import type * as fc from 'fast-check';

/** A part of the system that reads hostile input. */
export interface Target<Case = unknown> {
  readonly name: string;
  /** The share of this target in all cases, relative to the sum of the shares of all targets. */
  readonly share: number;
  /** Time limit for a case, in ms. Default: `CASE_MS_MAX`. */
  readonly msMax?: number;
  readonly cases: fc.Arbitrary<Case>;
  /** Runs one case. Throws when the case has a result that is not allowed. */
  check(one: Case): void | Promise<void>;
}

/** The code with which a server reports its own defect. A refusal with this code is a finding. */
export const DEFECT = 'internal';

/** Time limit for any case, in ms. It allows for a busy machine. */
export const CASE_MS_MAX = 5_000;

/**
 * Time limit for a case that only decodes, in ms. Decoding takes microseconds. The limit is much longer, because the machine is perhaps
 * busy.
 */
export const DECODER_MS_MAX = 1_000;

export class Finding extends Error {}

/** Waits for a promise. Rejects with a finding if it does not settle within `CASE_MS_MAX`. */
export async function inTime<Result>(what: string, promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Finding(`${what}: not within ${CASE_MS_MAX} ms`)), CASE_MS_MAX);
    });
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
