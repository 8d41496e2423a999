/** One token of a list. */
export interface NamedToken {
  /** The name of the person or program that has the token. Null: the entry has no name. */
  readonly name: string | null;
  readonly token: string;
}

/**
 * Reads a list of tokens, separated by commas or line breaks. An entry is `NAME=TOKEN` or `TOKEN`. Null: there is no entry, or a token is
 * shorter than `charactersMin`.
 *
 * A token may contain `=`, as the end of Base64 does. So an entry has a name only when a long enough token follows the first `=`.
 */
export function readTokens(text: string, charactersMin: number): readonly NamedToken[] | null {
  const entries = text.split(/[,\r\n]+/).map((entry) => entry.trim());
  const tokens = entries.filter((entry) => entry !== '').map((entry) => tokenOf(entry, charactersMin));
  return tokens.length === 0 || tokens.some(({ token }) => token.length < charactersMin) ? null : tokens;
}

function tokenOf(entry: string, charactersMin: number): NamedToken {
  const [, name, token] = /^([A-Za-z0-9._-]{1,32})=(.+)$/.exec(entry) ?? [];
  if (name === undefined || token === undefined || token.length < charactersMin) return { name: null, token: entry };
  return { name, token };
}
