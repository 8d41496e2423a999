/**
 * Takes the token out of an address and returns both parts. The token must not stay visible in the address bar or become part of a copied
 * link.
 */
export function tokenIn({ search, hash }: Pick<Location, 'search' | 'hash'>): { readonly token: string | null; readonly rest: string } {
  const query = new URLSearchParams(search);
  const [, inHash] = /^#token=(.+)$/.exec(hash) ?? [];
  const token = inHash !== undefined ? decoded(inHash) : query.get('token');
  query.delete('token');
  const left = query.toString();
  return { token, rest: `${left === '' ? '' : `?${left}`}${inHash === undefined ? hash : ''}` };
}

/** Decodes a part of an address. A malformed escape is returned unchanged; the server then refuses the token and gives the reason. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Returns whether this server requires a token. Returns false also when `about.json` is missing or unreadable, for example on an older
 * server. The page then asks for a name.
 */
export async function asksForToken(): Promise<boolean> {
  try {
    const response = await fetch('about.json');
    return response.ok && ((await response.json()) as { auth?: string }).auth === 'jwt';
  } catch {
    return false;
  }
}
