/**
 * Work outside of a room that a change of the room has requested. The effect runs at least once, after the change is durable. If the server
 * dies meanwhile, the next owner of the room runs the effect again. So a handler that must not act twice, such as a payout, must store the
 * keys of completed effects. See `docs/writing-a-game.md`, Effects.
 */
export interface Effect<Data = unknown> {
  /**
   * The unique key of this effect. It is the same in each run of the effect. The key has at most 200 characters. Do not parse the key,
   * because a later version of Holdfast can give it another form.
   */
  readonly key: string;
  readonly roomId: string;
  readonly data: Data;
}

/**
 * Runs an effect. The returned value, or the value of the returned promise, is the result of the effect.
 *
 * @internal
 */
export type EffectRun = (effect: Effect) => unknown;

/** The error that `refuse` returns. A handler of an effect or the load of a game throws it to prevent further attempts. */
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
 * Returns an error that prevents further attempts. If an `@EffectHandler` throws the error, a game that waits for the result gets `{ ok:
 * false, code, message }`. If an `@OnLoad` method throws the error, the game does not start, and the players get the code.
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
