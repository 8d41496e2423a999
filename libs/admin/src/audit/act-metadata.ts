import type { Act } from './audit-schemas.js';

/** The metadata key under which `@ActOn` stores the data of a route. */
export const ACT_METADATA = Symbol('ActOn');

/** An act of the admin API, and the route parameter that names its target. */
export interface ActOnMetadata {
  readonly act: Act;
  readonly target: string;
}
