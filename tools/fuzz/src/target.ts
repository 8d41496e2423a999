import type * as fc from 'fast-check';

/** Something that reads what strangers send. */
export interface Target<Case = unknown> {
  readonly name: string;
  /** Of all cases, as a part of the sum of all targets'. */
  readonly share: number;
  /** A case takes no longer than this, in ms; absent: `CASE_MS_MAX`. */
  readonly msMax?: number;
  readonly cases: fc.Arbitrary<Case>;
  /** Throws where the case ended otherwise than it may. */
  check(one: Case): void | Promise<void>;
}

/** Codes of a refusal that is somebody's fault but the stranger's. */
export const DEFECT = 'internal';

/** One case, whatever it is made of, ends within this, in ms, on a machine that does much else. */
export const CASE_MS_MAX = 5_000;

/** A case that only decodes takes microseconds; this leaves time for a busy machine. In ms. */
export const DECODER_MS_MAX = 1_000;

export class Finding extends Error {}

/** Rejects with a finding when it does not come to an end. */
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
