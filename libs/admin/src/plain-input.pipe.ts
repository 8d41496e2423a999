import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { assertPlainJson, HoldfastError, NotPlainError, type ReadLimits } from '#libs/protocol';

/** Maximum number of values and maximum depth of an input. Larger inputs are refused before a schema validates them. */
const LIMITS: ReadLimits = { nodes: 1_000, depth: 16, strictText: true };

/**
 * Requires bodies and queries to be plain JSON of a bounded size, before a schema validates them. Also refuses lone surrogates, which UTF-8
 * cannot represent, because game servers and players receive the text of a note. Throws `bad-data`.
 */
export class PlainInputPipe implements PipeTransform {
  constructor(private readonly limits: ReadLimits = LIMITS) {}

  transform(value: unknown, { type }: Pick<ArgumentMetadata, 'type'>): unknown {
    // The value of a custom decorator does not come from the request, so the pipe does not check it.
    if (type === 'custom') return value;
    try {
      assertPlainJson(value, this.limits);
    } catch (error) {
      if (!(error instanceof NotPlainError)) throw error;
      throw new HoldfastError('bad-data', `The request has ${error.message}.`);
    }
    return value;
  }
}
