/**
 * Work outside of a room that a change has requested. It runs after the change is durable, at least once: when a server dies in the middle,
 * the next owner runs it again. A handler that must not act twice (a payout, a ranking) remembers the key. The durability of the game says
 * what durable means: `docs/writing-a-game.md`, Effects.
 */
export interface Effect<Data = unknown> {
  /**
   * Identifies this effect: the key is the same each time the effect runs, and no other effect has it. At most 200 characters, whose
   * content has no meaning.
   */
  readonly key: string;
  readonly roomId: string;
  readonly data: Data;
}

export type EffectRun = (effect: Effect) => unknown;
