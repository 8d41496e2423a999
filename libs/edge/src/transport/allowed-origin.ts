/**
 * Returns whether a page of `origin` may connect to a gateway at `host`. A missing origin is allowed: browsers always send the origin, and
 * other programs could forge it.
 *
 * @param host the host, with its port, that the browser requested
 * @param allowed origins as browsers send them, such as `https://play.example.org`, `capacitor://localhost`, `null`; `*` allows all
 */
export function isAllowedOrigin(origin: string | undefined, host: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return host !== undefined && isOriginOf(origin, host);
}

/**
 * Returns whether the page comes from this host, over http or https. Ignores a default port in the host, because a proxy may add it and an
 * origin never contains it.
 */
function isOriginOf(origin: string, host: string): boolean {
  const [, scheme, originHost] = /^(https?:)\/\/(.+)$/.exec(origin) ?? [];
  if (scheme === undefined) return false;
  if (originHost === host) return true;
  if (/[/?#@\\]/.test(host)) return false;
  const url = `${scheme}//${host}`;
  return URL.canParse(url) && new URL(url).origin === origin;
}
