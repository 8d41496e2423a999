import type { PipeTransform } from '@nestjs/common';
import { assertPlainJson, HoldfastError, NotPlainError, type ReadLimits } from '#libs/protocol';

/** A request of the admin API has only a few fields. A larger one is refused before a schema spends time on it. */
const LIMITS: ReadLimits = { nodes: 1_000, depth: 16, strictText: true };

/**
 * Requires bodies and queries to be plain JSON of a bounded size, before a schema validates them. A lone surrogate in a note
 * would be passed on to a game server and to players. Throws `bad-data`.
 */
export class PlainInputPipe implements PipeTransform {
  constructor(private readonly limits: ReadLimits = LIMITS) {}

  transform(value: unknown): unknown {
    try {
      assertPlainJson(value, this.limits);
    } catch (error) {
      if (!(error instanceof NotPlainError)) throw error;
      throw new HoldfastError('bad-data', `The request has ${error.message}.`);
    }
    return value;
  }
}
