import { NAME_BYTES_MAX } from '#libs/protocol';

/**
 * Returns a sentence about a name that is too long. Null: the length is allowed. Does not check the characters of the name, because the
 * server checks them.
 *
 * @param what the beginning of the sentence, such as `The name of the room`
 */
export function nameFlaw(what: string, text: string, charactersMax: number): string | null {
  return textFlaw(what, text, charactersMax, NAME_BYTES_MAX);
}

/** Returns a sentence about a text that is longer than the given limits. Null: the length is allowed. */
export function textFlaw(what: string, text: string, charactersMax: number, bytesMax: number): string | null {
  const name = text.trim();
  const characters = [...SEGMENTER.segment(name)].length;
  if (characters > charactersMax) return `${what} has ${characters} characters: at most ${charactersMax} are allowed.`;
  const bytes = new TextEncoder().encode(name).length;
  return bytes > bytesMax ? `${what} has ${bytes} bytes: at most ${bytesMax} are allowed.` : null;
}

/** Splits a text into grapheme clusters. A reader sees each cluster as one character. */
const SEGMENTER = new Intl.Segmenter('und', { granularity: 'grapheme' });
