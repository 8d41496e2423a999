import type { Act } from './audit-schemas.js';

/** The key of the metadata of a route that is an act. */
export const ACT_METADATA = Symbol('ActOn');

/** An act of the admin API, and the route parameter that names its target. */
export interface ActOnMetadata {
  readonly act: Act;
  readonly target: string;
}
