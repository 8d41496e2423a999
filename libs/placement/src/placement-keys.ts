import type { RoomId, ServerId } from '#libs/protocol';
import type { Place } from './offers.js';

/**
 * Where placement keeps what it knows. All under one hash tag, because one choice touches several of these keys in one
 * step. A server is named by the key of its record everywhere in Redis, and a reservation by its own key, so that the
 * scripts find every key by reading it, and make none.
 */
export const PLACEMENT_TAG = 'hf:{placement}';

/** Set of the servers' records. */
export const SERVERS_KEY = `${PLACEMENT_TAG}:servers`;
/** Sorted set of reservations by when they expire (Redis' time, ms). */
export const EXPIRIES_KEY = `${PLACEMENT_TAG}:expiries`;

const SERVER_PREFIX = `${PLACEMENT_TAG}:server:`;

/** Hash: what a server reported, and what has been reserved on it since. */
export function serverKey(server: ServerId): string {
  return SERVER_PREFIX + server;
}

export function serverOfKey(key: string): ServerId {
  return key.slice(SERVER_PREFIX.length) as ServerId;
}

/** Hash: which server a room was given. */
export function reservationKey(room: RoomId): string {
  return `${PLACEMENT_TAG}:reservation:${room}`;
}

/** Sorted set: the servers willing to take a room of this game, by their score; without a version, region or build, those of any. */
export function offerKey(game: string, version?: number, { region, build }: Place = {}): string {
  // An encoded name has none of the signs between the parts.
  const parts = [
    encodeURIComponent(game),
    version === undefined ? '' : `@${version}`,
    region === undefined ? '' : `,region=${region}`,
    build === undefined ? '' : `,build=${build}`,
  ];
  return `${PLACEMENT_TAG}:offer:${parts.join('')}`;
}
