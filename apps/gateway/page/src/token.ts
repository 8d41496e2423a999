/** Out of an address, and the address without it: a token is nobody's business who reads along or is sent the link. */
export function tokenIn({ search, hash }: Pick<Location, 'search' | 'hash'>): { readonly token: string | null; readonly rest: string } {
  const query = new URLSearchParams(search);
  const [, inHash] = /^#token=(.+)$/.exec(hash) ?? [];
  const token = inHash !== undefined ? decodeURIComponent(inHash) : query.get('token');
  query.delete('token');
  const left = query.toString();
  return { token, rest: `${left === '' ? '' : `?${left}`}${inHash === undefined ? hash : ''}` };
}

/** Whether this server asks for one. An older one does not say, and is asked by name. */
export async function asksForToken(): Promise<boolean> {
  try {
    const response = await fetch('about.json');
    return response.ok && ((await response.json()) as { auth?: string }).auth === 'jwt';
  } catch {
    return false;
  }
}
