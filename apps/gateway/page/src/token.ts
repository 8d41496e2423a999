/**
 * Splits an address into the token and the rest. The page then shows only the rest, so that the token is not visible in the address bar or
 * in copied links.
 */
export function tokenIn({ search, hash }: Pick<Location, 'search' | 'hash'>): { readonly token: string | null; readonly rest: string } {
  const query = new URLSearchParams(search);
  const [, inHash] = /^#token=(.+)$/.exec(hash) ?? [];
  const token = inHash !== undefined ? decoded(inHash) : query.get('token');
  query.delete('token');
  const left = query.toString();
  return { token, rest: `${left === '' ? '' : `?${left}`}${inHash === undefined ? hash : ''}` };
}

/** Decodes a part of an address. Returns a malformed escape unchanged, because the server then refuses the token with a reason. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Returns whether this server requires a token. If `about.json` is missing or unreadable, for example on an older server, returns false, so
 * that the page asks for a name.
 */
export async function asksForToken(): Promise<boolean> {
  try {
    const response = await fetch('about.json');
    return response.ok && ((await response.json()) as { auth?: string }).auth === 'jwt';
  } catch {
    return false;
  }
}
