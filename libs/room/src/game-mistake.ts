import type { RoomInput } from './room-machine.js';

/** What runs when a game asks its room for something. */
export type Handling = RoomInput | { readonly kind: 'setup' };

/**
 * A game asked its room for something that cannot be: a timer without a handler, a seat that does not exist. The handler
 * fails as with any other defect (`game-failed`) and changes nothing. The message is for the game's author.
 */
export class GameMistake extends Error {
  constructor(game: string, room: string, handling: Handling, mistake: string) {
    super(`The game ${game}, room ${room}, ${describe(handling)}: ${mistake}`);
    this.name = 'GameMistake';
  }
}

/** For a message: quoted, at most 64 characters of it, whatever it is. */
export function quoted(name: unknown): string {
  if (name === null || name === undefined || typeof name === 'number' || typeof name === 'boolean') return String(name);
  if (typeof name !== 'string') return Array.isArray(name) ? 'an array' : `a value of type ${typeof name}`;
  return `'${name.length > QUOTED_CHARS_MAX ? `${name.slice(0, QUOTED_CHARS_MAX)}…` : name}'`;
}

/** `'a', 'b'`; at most 20 of them. `none` where there are none. */
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
    case 'paused':
      return 'pause';
    default:
      return handling.kind;
  }
}
