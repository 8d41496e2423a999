/**
 * The outcome of an effect. `data`: the data that its handler returned. `code`: the reason why the effect has failed and is not tried
 * again.
 */
export type EffectReply<Data = unknown> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly code: string; readonly message: string };

/**
 * The result of an effect, as the game's `@OnResult` method gets it. `key`: the key of the effect, which the effect's handler also got.
 * `request`: the data that the game gave to `room.effect`. After the code `timed-out` or `effect-failed`, the effect's handler has possibly
 * done its work, or will do it later. The effect's handler can also define codes (`refuse`).
 */
export type EffectResult<Data = unknown, Request = unknown> = EffectReply<Data> & { readonly key: string; readonly request: Request };

/** The code of an effect whose result did not come in time. */
export const TIMED_OUT = 'timed-out';
/** The code of an effect whose handler failed in all attempts, or crashed a server. */
export const EFFECT_FAILED = 'effect-failed';

export const TIMED_OUT_REPLY: EffectReply<never> = {
  ok: false,
  code: TIMED_OUT,
  message: 'The effect gave no result in time. It may have happened, or may still happen.',
};

/** Maximum number of effects of one room that wait for a result. Each of them is part of the room's value and has a timer. */
export const AWAITED_RESULTS_MAX = 256;

const RESULT_TIMER = '$result:';

/**
 * Returns the name of the timer that ends the wait for a result.
 *
 * @param version the version of the change that asks for the effect; 0 for the setup
 * @param index the position of the effect in its change
 */
export function resultTimerOf(version: number, index: number): string {
  return `${RESULT_TIMER}${version}:${index}`;
}

export function isResultTimer(timer: string): boolean {
  return timer.startsWith(RESULT_TIMER);
}
