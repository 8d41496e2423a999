/**
 * One piece of work for the outside world, done after the change that asked for it is durable, at least once: a
 * server that dies in the middle leaves it to the next. Who must not do it twice (pay out, rank) remembers the key.
 */
export interface Effect<Data = unknown> {
  /** `game:version:index`, the same each time. */
  readonly key: string;
  readonly roomId: string;
  readonly data: Data;
}

export type EffectRun = (effect: Effect) => unknown;
