import type { PipeTransform } from '@nestjs/common';
import { assertPlainJson, HoldfastError, NotPlainError, type ReadLimits } from '#libs/protocol';

/** No request of the admin API has more than a few fields. */
const LIMITS: ReadLimits = { nodes: 1_000, depth: 16, strictText: true };

/**
 * Holds bodies and queries to plain JSON of a bounded size before a schema looks at them. Half of a surrogate pair in a
 * note would go on to a game server and to players. Throws `bad-data`.
 */
export class PlainInputPipe implements PipeTransform {
  transform(value: unknown): unknown {
    try {
      assertPlainJson(value, LIMITS);
    } catch (error) {
      if (!(error instanceof NotPlainError)) throw error;
      throw new HoldfastError('bad-data', `The request has ${error.message}.`);
    }
    return value;
  }
}
