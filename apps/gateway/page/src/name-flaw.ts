import { NAME_BYTES_MAX } from '#libs/protocol';

/**
 * Returns the flaw of a name that is longer than the server allows; null: its length is allowed. Only the server checks which characters a
 * name has.
 *
 * @param what begins the sentence: `The name of the room`
 */
export function nameFlaw(what: string, text: string, charactersMax: number): string | null {
  const name = text.trim();
  const characters = [...SEGMENTER.segment(name)].length;
  if (characters > charactersMax) return `${what} has ${characters} characters: at most ${charactersMax} are allowed.`;
  const bytes = new TextEncoder().encode(name).length;
  return bytes > NAME_BYTES_MAX ? `${what} has ${bytes} bytes: at most ${NAME_BYTES_MAX} are allowed.` : null;
}

/** Counts characters as a reader does. */
const SEGMENTER = new Intl.Segmenter('und', { granularity: 'grapheme' });
