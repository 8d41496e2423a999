import { NAME_BYTES_MAX, PLAYER_NAME_CHARACTERS_MAX } from '#libs/protocol';
import { type CheckedNickname, checkNickname, cleanNickname, type NicknameLimits } from './nickname.js';

/** The limits of a player's name. 256 bytes are enough for 32 characters of any script, or for ten family emoji. */
export const PLAYER_NAME_LIMITS: NicknameLimits = { graphemesMax: PLAYER_NAME_CHARACTERS_MAX, bytesMax: NAME_BYTES_MAX };

/** The name that other players see when a token has no valid name or user id to show. */
export const PLAYER_NAME_FALLBACK = 'player';

/** Checks a name that the player chose. Returns the name as other players see it, or the reason why it is refused. */
export function checkPlayerName(name: string): CheckedNickname {
  return checkNickname(name, PLAYER_NAME_LIMITS);
}

/**
 * Cleans names that the player cannot correct. Returns the first candidate that is a text and not empty after cleaning. If there is no such
 * candidate, returns `PLAYER_NAME_FALLBACK`.
 */
export function shownPlayerName(...candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    const name = typeof candidate === 'string' ? cleanNickname(candidate, PLAYER_NAME_LIMITS) : '';
    if (name !== '') return name;
  }
  return PLAYER_NAME_FALLBACK;
}
