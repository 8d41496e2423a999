import { NAME_BYTES_MAX, PLAYER_NAME_CHARACTERS_MAX } from '#libs/protocol';
import { type CheckedNickname, checkNickname, cleanNickname, type NicknameLimits } from './nickname.js';

export const PLAYER_NAME_LIMITS: NicknameLimits = { graphemesMax: PLAYER_NAME_CHARACTERS_MAX, bytesMax: NAME_BYTES_MAX };

/** The name of a player whose token has neither a name nor a user id that can be shown. */
export const PLAYER_NAME_FALLBACK = 'player';

/** Checks a name that the player chose. Refuses a name that cannot be shown, and returns the reason. */
export function checkPlayerName(name: string): CheckedNickname {
  return checkNickname(name, PLAYER_NAME_LIMITS);
}

/**
 * Cleans names that the player cannot correct. Returns the first candidate that is a text and not empty after cleaning; without one,
 * `PLAYER_NAME_FALLBACK`.
 */
export function shownPlayerName(...candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    const name = typeof candidate === 'string' ? cleanNickname(candidate, PLAYER_NAME_LIMITS) : '';
    if (name !== '') return name;
  }
  return PLAYER_NAME_FALLBACK;
}
