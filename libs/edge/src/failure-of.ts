import { HoldfastError } from '#libs/protocol';

/**
 * Returns the kind of a failure, as the label of a metric. `unavailable`: a part of the fleet cannot answer now. `refused`: the request is
 * not allowed. `failed`: an error without a code, which is a defect.
 */
export function failureOf(error: unknown): 'unavailable' | 'refused' | 'failed' {
  if (!(error instanceof HoldfastError) || error.code === 'internal') return 'failed';
  return UNAVAILABLE.has(error.code) ? 'unavailable' : 'refused';
}

const UNAVAILABLE: ReadonlySet<string> = new Set(['unavailable', 'server-lost', 'busy', 'shutting-down', 'no-capacity']);
