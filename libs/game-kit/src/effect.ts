/**
 * Work outside of a room, which a change of the room has requested. It runs after the change is durable, at least once: when a server dies
 * while it runs, the next owner repeats it. A handler that must not act twice (a payout, a ranking) must remember the key. The durability
 * of the game says what durable means: `docs/writing-a-game.md`, Effects.
 */
export interface Effect<Data = unknown> {
  /**
   * Identifies this effect: the key is the same each time the effect runs, and no other effect has it. It has at most 200 characters. Do
   * not parse it.
   */
  readonly key: string;
  readonly roomId: string;
  readonly data: Data;
}

export type EffectRun = (effect: Effect) => unknown;

/**
 * Thrown by `refuse`: the handler of an effect, or the load of a game, has failed for a reason that no other attempt changes. It is not
 * tried again.
 */
export class HandlerRefusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'HandlerRefusal';
  }
}

/**
 * Returns an error that says: do not try this again. In an `@EffectHandler` whose game waits for the result, the game gets
 * `{ ok: false, code, message }`. In an `@OnLoad` method, the start is taken back and the players get the code.
 *
 * @param code 1 to 64 characters, such as `insufficient-funds`
 *
 * @example
 * if (balance < coins) throw refuse('insufficient-funds', `The wallet has ${balance} coins.`);
 */
export function refuse(code: string, message = ''): HandlerRefusal {
  if (typeof code !== 'string' || code.length === 0 || code.length > CODE_CHARS_MAX || !code.isWellFormed())
    throw new TypeError(`refuse() is given ${JSON.stringify(code)} as a code: give a text of 1 to ${CODE_CHARS_MAX} characters.`);
  return new HandlerRefusal(code, String(message).toWellFormed());
}

const CODE_CHARS_MAX = 64;
