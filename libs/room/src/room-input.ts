import type { Claims, GameResult, Seat, UserId } from '#libs/protocol';
import type { EffectReply } from './effect-result.js';
import type { SeatEvent } from './room-rules.js';
import type { Change, RoomValue } from './room-value.js';
import type { BotInputs, StepInputs } from './seat-inputs.js';

export type RoomInput =
  | { readonly kind: 'command'; readonly seat: Seat; readonly seq: number; readonly name: string; readonly data: unknown }
  | { readonly kind: 'timer'; readonly name: string }
  /** `inputs`: the player inputs that the step samples. Absent: the game has no player inputs. */
  | { readonly kind: 'step'; readonly inputs?: StepInputs }
  | { readonly kind: 'seat'; readonly seat: Seat; readonly event: Exclude<SeatEvent, 'joined'> }
  /**
   * A player takes the seat. The seat can be free, or can have another player or a bot. A seat that does not exist yet is added after the
   * last one.
   */
  | ({ readonly kind: 'seat'; readonly seat: Seat; readonly event: 'joined' } & RoomPlayer)
  /**
   * The code of the game makes a move for the bot of this seat. `inputs`: receives the player input of the bot. Absent: the game has no
   * player inputs.
   */
  | { readonly kind: 'bot'; readonly seat: Seat; readonly inputs?: BotInputs }
  /**
   * The room had no owner for `ms`, so all its timers are delayed by this time. This input is the first one on a new owner after an
   * adoption.
   */
  | { readonly kind: 'paused'; readonly ms: number }
  /**
   * The effect with this key, whose result the game awaits, has succeeded, or has failed and is not tried again. Only the first result of
   * an effect counts. `name`: the name of the effect.
   */
  | { readonly kind: 'result'; readonly key: string; readonly name: string; readonly reply: EffectReply }
  /** The owner has completed the effects with these keys. */
  | { readonly kind: 'effects-done'; readonly keys: readonly string[] }
  /** Ends the game from outside: by an operator, or because the game failed. */
  | { readonly kind: 'end'; readonly result: GameResult };

export type RoomOutcome<State> =
  | { readonly kind: 'changed'; readonly value: RoomValue<State>; readonly change: Change }
  /** The input changed nothing, and no player waits for an answer. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: string; readonly message?: string }
  /** The game's code threw something other than a refusal, which is a defect of the game. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** Time and randomness, injected so that tests control them. */
export interface RoomSurroundings {
  now(): number;
  random(): number;
}

export interface RoomPlayer {
  readonly user: UserId;
  readonly name: string;
  readonly claims?: Claims;
  readonly team?: number;
  /** True: server code of the game plays this seat (`@Bot`). Absent: a user plays it. */
  readonly bot?: true;
}
