import type { ActView } from './audit-schemas.js';

/** An act that has begun. Its methods never reject, because the act itself must not fail when its end cannot be written. */
export interface RunningAct {
  readonly id: string;
  /** Stores the progress of the act. */
  progress(progress: NonNullable<ActView['progress']>): Promise<void>;
  /** Delays the end of the act until `work` settles. By default, an act ends with the answer to its request. */
  endsWith(work: Promise<object>): void;
  /** Stores the end of the act, unless `endsWith` has delayed the end. */
  succeeded(answer: object): Promise<void>;
  failed(error: unknown): Promise<void>;
}
