/** Characters of a sentence in an answer, at most. */
export const MESSAGE_CHARACTERS_MAX = 1_000;

/**
 * Text that somebody else chose, for an answer, a log or an error: cut to `charactersMax`, and then it says how long it
 * was. Never cuts a character in two: the two halves of a surrogate pair stay together or go together.
 */
export function bounded(text: string, charactersMax = MESSAGE_CHARACTERS_MAX): string {
  if (text.length <= charactersMax) return text;
  const end = isHighSurrogate(text.charCodeAt(charactersMax - 1)) ? charactersMax - 1 : charactersMax;
  return `${text.slice(0, end)}… (${text.length} characters)`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
