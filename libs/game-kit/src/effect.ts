/**
 * Work outside of a room that a change has requested. It runs after the change is durable, at least once: when a server dies while it runs,
 * the next owner repeats it. A handler that must not act twice (a payout, a ranking) must remember the key. The durability of the game says
 * what durable means: `docs/writing-a-game.md`, Effects.
 */
export interface Effect<Data = unknown> {
  /**
   * Identifies this effect: the key is the same each time the effect runs, and no other effect has it. It has at most 200 characters. Do
   * not rely on their meaning.
   */
  readonly key: string;
  readonly roomId: string;
  readonly data: Data;
}

export type EffectRun = (effect: Effect) => unknown;
