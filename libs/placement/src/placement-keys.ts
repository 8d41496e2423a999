import { createHash } from 'node:crypto';
import type { ServerId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import type { Place } from './offers.js';

/**
 * The keys of placement in Redis. All of them share one hash tag, because one script changes several of them atomically. A value in Redis
 * identifies a server by the key of its record, so no script builds the name of a key.
 */
export const placementName = (name: string): string => redisName(`{placement}:${name}`);

/** Set of the keys of all servers' records. */
export const serversKey = (): string => placementName('servers');
/** Hash: the reservation of each room. */
export const reservationsKey = (): string => placementName('reservations');
/** Sorted set of rooms by the expiry of their reservations (Redis' time, ms). */
export const expiriesKey = (): string => placementName('expiries');

/** Hash: the last report of a server, and the number and total weight of the reservations that the report does not include. */
export function serverKey(server: ServerId): string {
  return placementName(`server:${server}`);
}

export function serverOfKey(key: string): ServerId {
  return key.slice(placementName('server:').length) as ServerId;
}

/** Sorted set, called an order: the eligible servers whose offers are equal to `offers`, sorted by score. */
export function orderKey(offers: readonly string[]): string {
  // The name contains a digest of the offers, because a list of offers can be long. The record of each server contains the list itself.
  const digest = createHash('sha256')
    .update([...offers].sort().join(' '))
    .digest('base64url');
  return placementName(`order:${digest.slice(0, 22)}`);
}

/**
 * Set: the orders of the servers that accept a room of this game, in this game version, region and build. An absent game version, region or
 * build means any.
 */
export function offerKey(game: string, version?: number, { region, build }: Place = {}): string {
  // Encodes the name, so that it contains none of the separators.
  const parts = [
    encodeURIComponent(game),
    version === undefined ? '' : `@${version}`,
    region === undefined ? '' : `,region=${region}`,
    build === undefined ? '' : `,build=${build}`,
  ];
  return placementName(`offers:${parts.join('')}`);
}
