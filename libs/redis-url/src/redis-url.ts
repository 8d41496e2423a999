export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisUrlLogin {
  readonly user?: string;
  readonly password?: string;
}

/** The contents of `REDIS_URL`. `isTls` is true for `rediss://`. */
export type RedisTarget = { readonly login: RedisUrlLogin; readonly isTls: boolean } & (
  | {
      readonly kind: 'single';
      /** The address with the scheme `redis:` and without credentials. */
      readonly url: string;
    }
  | { readonly kind: 'sentinel'; readonly sentinels: readonly RedisAddress[]; readonly name: string }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] }
);

const ALLOWED =
  'redis://HOST:PORT, rediss://HOST:PORT, redis://A:PORT,redis://B:PORT,… (Cluster) or sentinel://HOST:PORT,HOST:PORT/NAME, each with USER:PASSWORD@ before the first host';
const UNESCAPED = 'a /, ? or # in its user or password must be written as %2F, %3F or %23';
const PORT = 6379;

/**
 * Parses a `REDIS_URL`. In a list, the credentials of the first address apply to all nodes, because a Cluster and Sentinel also have nodes
 * that the URL does not name.
 *
 * @throws an error that names the allowed forms
 */
export function parseRedisUrl(url: string): RedisTarget {
  return url.startsWith('sentinel://') ? parseSentinels(url) : parseNodes(url);
}

/** Returns the host and port of a URL that contains one server. */
export function addressOf({ hostname, port }: URL): RedisAddress {
  return { host: withoutBrackets(hostname), port: Number(port || PORT) };
}

/** Replaces the credentials in each address by `***`, for logs and messages. */
export function redacted(url: string): string {
  return url.replace(/\/\/(?:(?!,\s*\w+:\/\/).)*@/gs, '//***@');
}

function refuse(url: string, why = `allowed: ${ALLOWED}`): never {
  throw new Error(`REDIS_URL is "${redacted(url)}", which is not a Redis URL; ${why}`);
}

function parseSentinels(url: string): RedisTarget {
  const [authority, name, ...rest] = url.slice('sentinel://'.length).split('/');
  if ([name, ...rest].some((part) => part?.includes('@'))) return refuse(url, UNESCAPED);
  if (!authority || !name) return refuse(url);
  const at = authority.lastIndexOf('@');
  const [user = '', ...password] = at < 0 ? [] : authority.slice(0, at).split(':');
  const sentinels = authority
    .slice(at + 1)
    .split(',')
    .map((text) => {
      const match = /^(.+):(\d+)$/.exec(text.trim());
      return match ? { host: withoutBrackets(match[1]!), port: Number(match[2]) } : refuse(url);
    });
  return { kind: 'sentinel', name, sentinels, isTls: false, login: loginOf(url, user, password.join(':')) };
}

function parseNodes(url: string): RedisTarget {
  const parts = url.split(',').map((part) => part.trim());
  const schemeOfFirst = /^rediss?:\/\//.exec(parts[0]!)?.[0] ?? 'redis://';
  const nodes = parts.map((part, index) => {
    const text = index === 0 || part.includes('://') ? part : schemeOfFirst + part;
    if (!URL.canParse(text)) return /:\/\/.*[/?#].*@/.test(text) ? refuse(url, UNESCAPED) : refuse(url);
    const node = new URL(text);
    if (!['redis:', 'rediss:'].includes(node.protocol) || node.hostname === '') return refuse(url);
    if (endsInLogin(node)) return refuse(url, UNESCAPED);
    return node;
  });
  const first = nodes[0]!;
  for (const { protocol, username, password } of nodes) {
    if (protocol !== first.protocol) refuse(url, 'use redis:// for all nodes of a Cluster, or rediss:// for all');
    if ((username !== '' || password !== '') && (username !== first.username || password !== first.password))
      refuse(url, 'all nodes of a Cluster have the same user and password, so write it once, before the first host');
  }
  const common = { isTls: first.protocol === 'rediss:', login: loginOf(url, first.username, first.password) };
  if (nodes.length > 1) {
    return { ...common, kind: 'cluster', nodes: nodes.map(addressOf) };
  }
  const rest = `${first.host}${first.pathname}${first.search}`;
  return { ...common, kind: 'single', url: `redis://${rest}` };
}

/**
 * Returns whether a parser has ended the host inside of the password, at a `/`, `?` or `#`. In `redis://me:12/34@store`, it reads the host
 * `me`, the port 12 and the path `/34@store`. An `@` in a value of the query is allowed, as in `?password=a@b`.
 */
function endsInLogin({ pathname, search, hash }: URL): boolean {
  return pathname.includes('@') || hash.includes('@') || /^[^=]*@/.test(search);
}

function loginOf(url: string, user: string, password: string): RedisUrlLogin {
  try {
    return { ...(user && { user: decodeURIComponent(user) }), ...(password && { password: decodeURIComponent(password) }) };
  } catch {
    return refuse(url, 'a % in its user or password must be written as %25');
  }
}

/** Removes the brackets around an IPv6 address, which Node keeps in the host of a URL. */
function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
