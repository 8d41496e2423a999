import type { RoomRules, Validation } from './room-rules.js';

/** The error when the game refuses the options of a room. */
export class RoomOptionsError extends Error {}

/** Returns the options as the game's schema gives them. @throws RoomOptionsError */
export function validOptions<State>({ options: validate, definition }: RoomRules<State>, given: unknown): unknown {
  if (given === undefined) return undefined;
  const checked: Validation = validate?.(given) ?? { ok: false, message: `The game ${definition.name} takes no options.` };
  if (!checked.ok) throw new RoomOptionsError(checked.message);
  return checked.value;
}
