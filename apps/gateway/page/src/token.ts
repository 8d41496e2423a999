/**
 * Extracts the token from an address, and returns the rest without it. A token must not stay visible or be copied with a link.
 */
export function tokenIn({ search, hash }: Pick<Location, 'search' | 'hash'>): { readonly token: string | null; readonly rest: string } {
  const query = new URLSearchParams(search);
  const [, inHash] = /^#token=(.+)$/.exec(hash) ?? [];
  const token = inHash !== undefined ? decoded(inHash) : query.get('token');
  query.delete('token');
  const left = query.toString();
  return { token, rest: `${left === '' ? '' : `?${left}`}${inHash === undefined ? hash : ''}` };
}

/** Decodes a part of an address. Returns it unchanged when it has a malformed escape; the server refuses such a token and says why. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether this server requires a token. False also when `about.json` is missing or unreadable, for example on an older server. The page
 * then asks for a name.
 */
export async function asksForToken(): Promise<boolean> {
  try {
    const response = await fetch('about.json');
    return response.ok && ((await response.json()) as { auth?: string }).auth === 'jwt';
  } catch {
    return false;
  }
}
