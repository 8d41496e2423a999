const TOKEN_KEY = 'holdfast-admin-token';
/** The token while the browser denies storage. It is lost when the page is reloaded. */
let inMemory = '';

/**
 * Returns the token of this tab, or an empty text. The session storage keeps it over a reload, and forgets it when the tab closes. A cookie
 * would be sent by the browser itself, so any other page could act in the name of the operator.
 */
export function storedToken(): string {
  try {
    return sessionStorage.getItem(TOKEN_KEY) ?? inMemory;
  } catch {
    return inMemory;
  }
}

export function storeToken(token: string): void {
  inMemory = token;
  try {
    if (token === '') sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, token);
  } catch {
    // The browser denies storage, so the token lasts until the page is reloaded.
  }
}
