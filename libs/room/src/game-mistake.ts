import type { RoomInput } from './room-input.js';

/** The input or the setup that a game is handling. */
export type Handling = RoomInput | { readonly kind: 'setup' };

/**
 * The error of a game that asked its room for something impossible, such as a timer without a handler or a seat that does not exist. The
 * handler then fails (`game-failed`) and changes nothing, as after any other defect. The message is for the author of the game.
 */
export class GameMistake extends Error {
  constructor(game: string, room: string, handling: Handling, mistake: string) {
    super(`The game ${game}, room ${room}, ${describe(handling)}: ${mistake}`);
    this.name = 'GameMistake';
  }
}

/** Formats any value for a message. Text is quoted and cut to 64 characters. */
export function quoted(name: unknown): string {
  if (name === null || name === undefined || typeof name === 'number' || typeof name === 'boolean') return String(name);
  if (typeof name !== 'string') return Array.isArray(name) ? 'an array' : `a value of type ${typeof name}`;
  return `'${name.length > QUOTED_CHARS_MAX ? `${name.slice(0, QUOTED_CHARS_MAX)}…` : name}'`;
}

/** Formats names as `'a', 'b'`, at most 20 of them. Returns `none` for an empty list. */
export function listed(names: Iterable<string>): string {
  const all = [...names];
  const shown = all.slice(0, LISTED_MAX).map(quoted).join(', ');
  if (all.length === 0) return 'none';
  return all.length > LISTED_MAX ? `${shown} and ${all.length - LISTED_MAX} more` : shown;
}

const QUOTED_CHARS_MAX = 64;
const LISTED_MAX = 20;

function describe(handling: Handling): string {
  switch (handling.kind) {
    case 'command':
      return `command ${quoted(handling.name)}`;
    case 'timer':
      return `timer ${quoted(handling.name)}`;
    case 'seat':
      return `seat event '${handling.event}' of seat ${handling.seat}`;
    case 'result':
      return `result of ${quoted(handling.name)}`;
    case 'paused':
      return 'pause';
    default:
      return handling.kind;
  }
}
