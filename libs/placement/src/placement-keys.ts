import { createHash } from 'node:crypto';
import type { ServerId } from '#libs/protocol';
import type { Place } from './offers.js';

/**
 * Where placement keeps what it knows. All under one hash tag, because one choice touches several of these keys in one
 * step. A server is named by the key of its record everywhere in Redis, so that the scripts find every key by reading it, and
 * make none.
 */
export const PLACEMENT_TAG = 'hf:{placement}';

/** Set of the servers' records. */
export const SERVERS_KEY = `${PLACEMENT_TAG}:servers`;
/** Hash: by room, which server it was given. */
export const RESERVATIONS_KEY = `${PLACEMENT_TAG}:reservations`;
/** Sorted set of rooms by when their reservations expire (Redis' time, ms). */
export const EXPIRIES_KEY = `${PLACEMENT_TAG}:expiries`;

const SERVER_PREFIX = `${PLACEMENT_TAG}:server:`;

/** Hash: what a server reported, and what has been reserved on it since. */
export function serverKey(server: ServerId): string {
  return SERVER_PREFIX + server;
}

export function serverOfKey(key: string): ServerId {
  return key.slice(SERVER_PREFIX.length) as ServerId;
}

/** Sorted set: the willing among the servers that these are the offers of, by their score. */
export function orderKey(offers: readonly string[]): string {
  // Its name need not tell what it is: the offers do, and there may be a hundred.
  const digest = createHash('sha256')
    .update([...offers].sort().join(' '))
    .digest('base64url');
  return `${PLACEMENT_TAG}:order:${digest.slice(0, 22)}`;
}

/** Set: the orders of the servers that take a room of this game; without a version, region or build, those of any. */
export function offerKey(game: string, version?: number, { region, build }: Place = {}): string {
  // An encoded name has none of the signs between the parts.
  const parts = [
    encodeURIComponent(game),
    version === undefined ? '' : `@${version}`,
    region === undefined ? '' : `,region=${region}`,
    build === undefined ? '' : `,build=${build}`,
  ];
  return `${PLACEMENT_TAG}:offers:${parts.join('')}`;
}
