import type { TemplateResult } from 'lit-html';
import type { Room, Seat, StateOf } from '#libs/client';

/** What a game adds to the players' page: how its board looks and is played. Exported as `page` by `games/<name>/page/index.ts`. */
export interface GamePage<Rules = unknown> {
  /** As in `@Game({ name })`. */
  readonly name: string;
  readonly title: string;
  /** A few words for the lobby. */
  readonly about: string;
  /** An SVG of 24 by 24, drawn in the colour of the text around it. */
  readonly icon: TemplateResult;
  /** Sentences for the codes of the game's own refusals. */
  readonly refusals: Readonly<Record<string, string>>;
  /** Whom the game waits for; null: nobody in particular. */
  turnOf(state: StateOf<Rules>): Seat | null;
  /** What `room.end(result)` said, for people. */
  outcome(result: unknown): Outcome;
  /** Draws the board into `root`, once the room has a state; it stays through the end and into the next game of the room. */
  mount(root: HTMLElement, room: Room<Rules>, table: Table): MountedGame;
}

export interface MountedGame {
  /** The room is not as it was: another state, seat, status or view. */
  update(): void;
  destroy(): void;
}

export interface Outcome {
  readonly winner: Seat | null;
  /** Why, in a few words: `checkmate`. */
  readonly how: string;
}

/** What the page does for the game at it. */
export interface Table {
  /** Tells the player why something did not work: the rejection of `room.send`, for one. */
  failed(error: unknown): void;
  nameOf(seat: Seat): string;
  /** False while the player of this seat has no connection. */
  isHere(seat: Seat): boolean;
}
