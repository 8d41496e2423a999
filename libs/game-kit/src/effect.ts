/**
 * One piece of work in the outside world. It runs after the change that requested it is durable, at least once: when a server
 * dies in the middle, the next owner runs it again. A handler that must not act twice (a payout, a ranking) remembers the key.
 * The durability of the game says what durable means: `docs/writing-a-game.md`, Effects.
 */
export interface Effect<Data = unknown> {
  /** The same each time this effect runs, and unique to it. Opaque; at most 200 characters. */
  readonly key: string;
  readonly roomId: string;
  readonly data: Data;
}

export type EffectRun = (effect: Effect) => unknown;
