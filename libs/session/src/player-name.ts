export const NAME_CHARACTERS_MAX = 32;

/** Control, format (zero width, direction marks), surrogate, unassigned and private characters; line and paragraph separators. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/**
 * A name as others may see it: trimmed, 1 to 32 characters, each of them visible or a space. Null: it cannot be shown.
 * In NFC, so that two names that look alike because of how they were typed are alike.
 */
export function playerName(name: string): string | null {
  const trimmed = name.normalize('NFC').trim();
  const length = [...trimmed].length;
  return length >= 1 && length <= NAME_CHARACTERS_MAX && !INVISIBLE.test(trimmed) ? trimmed : null;
}
