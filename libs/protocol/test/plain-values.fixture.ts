import * as fc from 'fast-check';

/** Any value of the dialect that `docs/protocol.md` describes. */
export const anyPlainValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        false,
        '',
        0,
        2 ** 53 - 1,
        -(2 ** 53) + 1,
        2 ** 60,
        1e-300,
        Number.POSITIVE_INFINITY,
        Number.NaN,
      ),
      fc.integer(),
      fc.maxSafeInteger(),
      // The encoder writes -0 as 0, so the values have no -0.
      fc.double().map((number) => number + 0),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replace(/\p{Surrogate}/gu, '')),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
    ),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme', maxLength: 40 }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20 },
    ),
  ),
})).value;
