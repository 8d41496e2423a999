import type { TemplateResult } from 'lit-html';
import type { Room, Seat, StateOf } from '#libs/client';

/** The part of a game in the players' page: its board and its controls. `games/<name>/page/index.ts` exports it as `page`. */
export interface GamePage<Rules = unknown> {
  /** The same name as in `@Game({ name })`. */
  readonly name: string;
  readonly title: string;
  /** A short description for the lobby. */
  readonly about: string;
  /** An SVG of 24 by 24, in the current text color. */
  readonly icon: TemplateResult;
  /** Sentences for the codes of the game's own refusals. */
  readonly refusals: Readonly<Record<string, string>>;
  /** The player for whom the game waits. Null: nobody in particular. */
  turnOf(state: StateOf<Rules>): Seat | null;
  /** Converts the argument of `room.end(result)` for people. */
  outcome(result: unknown): Outcome;
  /**
   * Draws the board into `root`, once the room has a state. The board stays after the end, and into the next game of the room.
   */
  mount(root: HTMLElement, room: Room<Rules>, table: Table): MountedGame;
}

export interface MountedGame {
  /** Called when the room changed: its state, seat, status or view. */
  update(): void;
  destroy(): void;
}

export interface Outcome {
  readonly winner: Seat | null;
  /** The reason in a few words: `checkmate`. */
  readonly how: string;
}

/** The services of the page for the game. */
export interface Table {
  /** Shows the player why an action failed, for example a rejected `room.send`. */
  failed(error: unknown): void;
  nameOf(seat: Seat): string;
  /** False while the player of this seat has no connection. */
  isHere(seat: Seat): boolean;
}
