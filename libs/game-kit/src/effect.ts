/**
 * One piece of work for the outside world, done after the change that asked for it is durable, at least once: a
 * server that dies in the middle leaves it to the next. Who must not do it twice (pay out, rank) remembers the key.
 * What durable means depends on the game's durability: `docs/writing-a-game.md`, Effects.
 */
export interface Effect<Data = unknown> {
  /** The same each time this effect is run, and never that of another effect. Opaque; at most 200 characters. */
  readonly key: string;
  readonly roomId: string;
  readonly data: Data;
}

export type EffectRun = (effect: Effect) => unknown;
