import { characterFlaw, lengthFlaw, type NicknameLimits } from './nickname.js';

/** `flaw` continues a sentence that begins with "The text". It names the problem and the allowed values. */
export type CheckedText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly flaw: string };

/**
 * Checks a line of text that other players will see. Returns the line as they see it, or its flaw. Refuses control characters, line breaks
 * and invisible characters, as in names. Removes white space at both ends. Unlike a name, the text keeps its other spaces and its
 * characters (NFC, not NFKC), and may mix alphabets. Characters that names allow only in some places are allowed everywhere.
 */
export function checkText(entered: string, limits: NicknameLimits): CheckedText {
  // Refuses a long text before it is normalized and split, because both take time. A text with more characters than `bytesMax` also has
  // more bytes than `bytesMax`.
  if (entered.length > limits.bytesMax)
    return { ok: false, flaw: `has more than ${limits.graphemesMax} characters: at most these are allowed` };
  const text = entered.normalize('NFC').trim();
  if (text === '') return { ok: false, flaw: 'is empty: it needs at least one visible character' };
  const flaw = characterFlaw(text.replace(CONTEXTUAL, 'x'), entered) ?? lengthFlaw(text, limits);
  return flaw === null ? { ok: true, text } : { ok: false, flaw };
}

/**
 * Visible characters that a name may have only in some places, such as the middle dot and Arabic digits. A text may have them everywhere.
 */
const CONTEXTUAL = /[\u00B7\u0375\u05F3\u05F4\u30FB\u0660-\u0669\u06F0-\u06F9\u3031-\u3035\u303B\u0640]|\u00A0|\u3000/gu;
