declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `hf:<type>:<name>`, for example `hf:game:1`: the id of a server, its hash key and its health channel in Redis. */
export type ServerId = Branded<'ServerId'>;
export type RoomId = Branded<'RoomId'>;
export type SessionId = Branded<'SessionId'>;
export type UserId = Branded<'UserId'>;

/** A user's place in a room, counted from 0. */
export type Seat = number;

export const SERVER_TYPES = ['gateway', 'lobby', 'game'] as const;
export type ServerType = (typeof SERVER_TYPES)[number];

export function serverId(type: ServerType, name: string): ServerId {
  return `hf:${type}:${name}` as ServerId;
}

export function serverTypeOf(id: ServerId): ServerType {
  const type = id.split(':', 2)[1] as ServerType;
  if (!SERVER_TYPES.includes(type)) throw new Error(`not a server id: ${id}`);
  return type;
}
