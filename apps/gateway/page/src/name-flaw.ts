import { NAME_BYTES_MAX } from '#libs/protocol';

/**
 * Returns the flaw of a name that is longer than the server allows; null: its length is allowed. Only the server checks which characters a
 * name has.
 *
 * @param what begins the sentence: `The name of the room`
 */
export function nameFlaw(what: string, text: string, charactersMax: number): string | null {
  return textFlaw(what, text, charactersMax, NAME_BYTES_MAX);
}

/** Does the same as `nameFlaw`, for a text with other limits. */
export function textFlaw(what: string, text: string, charactersMax: number, bytesMax: number): string | null {
  const name = text.trim();
  const characters = [...SEGMENTER.segment(name)].length;
  if (characters > charactersMax) return `${what} has ${characters} characters: at most ${charactersMax} are allowed.`;
  const bytes = new TextEncoder().encode(name).length;
  return bytes > bytesMax ? `${what} has ${bytes} bytes: at most ${bytesMax} are allowed.` : null;
}

/** Counts characters as a reader does. */
const SEGMENTER = new Intl.Segmenter('und', { granularity: 'grapheme' });
