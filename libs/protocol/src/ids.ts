declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/**
 * `<fleet>:<type>:<name>`, for example `hf:game:1`: the id of a server, its hash key and its health channel in Redis. The first part is
 * the prefix of the fleet's keys (`REDIS_PREFIX`).
 */
export type ServerId = Branded<'ServerId'>;
/** The id of a room. */
export type RoomId = Branded<'RoomId'>;
export type SessionId = Branded<'SessionId'>;
/** The id of a user: the `sub` of a token, the id from an authenticator, or a random id of a guest. */
export type UserId = Branded<'UserId'>;

/** The prefix of the id of each guest. A guest is a user who cannot log in again, and exists only as long as the session. */
export const GUEST_PREFIX = 'guest:';

/** Returns whether the user is a guest. An authenticator of an application may mark its own guests with `GUEST_PREFIX`. */
export function isGuest(user: UserId): boolean {
  return user.startsWith(GUEST_PREFIX);
}

/** A user's place in a room, counted from 0. */
export type Seat = number;

export const SERVER_TYPES = ['gateway', 'lobby', 'game'] as const;
export type ServerType = (typeof SERVER_TYPES)[number];

/** The first part of the server ids of a fleet whose `REDIS_PREFIX` is not set. */
export const FLEET_PREFIX_DEFAULT = 'hf';

export function serverId(type: ServerType, name: string, prefix: string = FLEET_PREFIX_DEFAULT): ServerId {
  return `${prefix}:${type}:${name}` as ServerId;
}

/** Returns the prefix of the fleet to which the server belongs. */
export function fleetPrefixOf(id: ServerId): string {
  return id.slice(0, id.indexOf(':'));
}

export function serverTypeOf(id: ServerId): ServerType {
  const type = id.split(':', 2)[1] as ServerType;
  if (!SERVER_TYPES.includes(type)) throw new Error(`not a server id: ${id}`);
  return type;
}
