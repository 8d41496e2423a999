import { FLEET_PREFIX_DEFAULT } from '#libs/protocol';

/**
 * The allowed prefixes. A colon is not allowed, because the ACL `~a:*` must not cover the fleet `a:b`. Braces are not allowed, because they
 * would be the hash tag of every key in a Cluster. `*`, `?` and brackets are not allowed, because patterns contain the prefix.
 */
const ALLOWED = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;

let prefix = FLEET_PREFIX_DEFAULT;
let isUsed = false;

/**
 * Returns the name of a key or channel of this fleet: `hf:servers` for `servers`. Each fleet has its own prefix, so several fleets can
 * share one Redis.
 */
export function redisName(name: string): string {
  isUsed = true;
  return `${prefix}:${name}`;
}

/** Returns the prefix of this fleet. The names of its keys and channels, and the ids of its servers, begin with this prefix. */
export function keyPrefix(): string {
  isUsed = true;
  return prefix;
}

/**
 * Sets the prefix of this process. A process belongs to one fleet, so the prefix is not passed to each function that builds a name
 * (`docs/adr/0015-a-prefix-for-each-process.md`).
 * `RedisModule` and `connect` call this before the first name is built.
 *
 * @throws when the prefix is not allowed, or when names with another prefix were built before
 */
export function setKeyPrefix(wanted: string): void {
  if (!ALLOWED.test(wanted))
    throw new Error(`"${wanted}" is not a prefix for Redis; allowed: 1 to 32 letters, digits, dots, dashes and underscores`);
  if (wanted === prefix) return;
  if (isUsed) throw new Error(`This process has built names with the prefix "${prefix}", so it cannot use "${wanted}".`);
  prefix = wanted;
}
