import { type CheckedNickname, checkNickname, cleanNickname, type NicknameLimits } from './nickname.js';

/** 256 bytes: 32 characters of any script, or ten emoji of a whole family. */
export const PLAYER_NAME_LIMITS: NicknameLimits = { graphemesMax: 32, bytesMax: 256 };

/** Shown where a token has no name and its user id has nothing that can be shown. */
export const PLAYER_NAME_FALLBACK = 'player';

/** A name that a player chose: refused with a reason when it cannot be shown. */
export function checkPlayerName(name: string): CheckedNickname {
  return checkNickname(name, PLAYER_NAME_LIMITS);
}

/** The first of these of which something can be shown. For names that the player cannot correct. */
export function shownPlayerName(...candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    const name = typeof candidate === 'string' ? cleanNickname(candidate, PLAYER_NAME_LIMITS) : '';
    if (name !== '') return name;
  }
  return PLAYER_NAME_FALLBACK;
}
