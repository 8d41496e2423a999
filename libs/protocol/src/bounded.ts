/** Maximum length of an error message, in characters (UTF-16 code units). */
export const MESSAGE_CHARACTERS_MAX = 1_000;

/**
 * Shortens a text from a peer to `charactersMax` UTF-16 code units, for an answer, a log line or an error. A text that was cut ends with
 * its original length. A surrogate pair is never split.
 */
export function bounded(text: string, charactersMax = MESSAGE_CHARACTERS_MAX): string {
  if (text.length <= charactersMax) return text;
  const end = isHighSurrogate(text.charCodeAt(charactersMax - 1)) ? charactersMax - 1 : charactersMax;
  return `${text.slice(0, end)}… (${text.length} characters)`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
