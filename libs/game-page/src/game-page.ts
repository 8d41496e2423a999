import type { TemplateResult } from 'lit-html';
import type { CreateRoom, Room, Seat, StateOf } from '#libs/client';

/** The part of a game in the players' page: its board and its controls. `games/<name>/page/index.ts` exports it as `page`. */
export interface GamePage<Rules = unknown> {
  /** The name of the game, as in `@Game({ name })`. */
  readonly name: string;
  readonly title: string;
  /** A short description for the lobby. */
  readonly about: string;
  /** An SVG image of 24 by 24 pixels, in the current text color. */
  readonly icon: TemplateResult;
  /** For each code with which the game refuses a command, a sentence for the player. */
  readonly refusals: Readonly<Record<string, string>>;
  /** The options of a new room, if the game has any. */
  readonly options?: RoomOptionsPart;
  /** Returns the seat for whose move the game waits. Null: the game waits for several players or for none. */
  turnOf(state: StateOf<Rules>): Seat | null;
  /** Converts the argument of `room.end(result)` into the winner and a text that tells players the outcome. */
  outcome(result: unknown): Outcome;
  /**
   * Draws the board into `root`. The page calls this function when the room has its first state. The board stays after the end of a game,
   * and also shows the next game of the room.
   */
  mount(root: HTMLElement, room: Room<Rules>, table: Table): MountedGame;
}

type RoomOptions = NonNullable<CreateRoom['options']>;

/** The form fields for the options of a room. The server also validates the options (`@Game({ options })`). */
export interface RoomOptionsPart {
  /** Fields for the form of a new room. */
  readonly fields: TemplateResult;
  /** Reads the options from the form. Undefined: the player chose no options. */
  read(form: FormData): RoomOptions | undefined;
  /** Returns a sentence that describes the options to the players of a room. */
  describe(options: RoomOptions): string;
}

export interface MountedGame {
  /** Redraws the board. The page calls this function after each change of the room's state, seat, status or view. */
  update(): void;
  destroy(): void;
}

export interface Outcome {
  readonly winner: Seat | null;
  /** The reason for the outcome in a few words, such as `checkmate`. */
  readonly how: string;
}

/** The functions that the page provides to the board of a game. */
export interface Table {
  /** Shows the player the reason of a failed action, for example of a rejected `room.send`. */
  failed(error: unknown): void;
  nameOf(seat: Seat): string;
  /** Returns whether the player of this seat has a connection. */
  isHere(seat: Seat): boolean;
}
