import type { ServerId, SessionId, UserId } from '#libs/protocol';
import { redisName } from '#libs/redis';

/**
 * Hash with the fields `user name secret previous gateway room`, and with `away` while the session has no connection. The record of a
 * revoked session has no secrets. Expires with the session.
 */
export function sessionKey(session: SessionId): string {
  return redisName(`session:${session}`);
}

/** String: the id of the live session of a user. A user has at most one live session. */
export function userSessionKey(user: UserId): string {
  return redisName(`user-session:{${user}}`);
}

/** String: a random value that a gateway writes from time to time. If the gateway later reads another value, the store has lost data. */
export function witnessKey(gateway: ServerId): string {
  return redisName(`sessions:${gateway}:witness`);
}

/** Set: all incarnations of gateways that can have sessions, as `GATEWAY INCARNATION`. */
export const sessionHoldersKey = (): string => redisName('session-holders');

/** Set: the sessions that one incarnation of a gateway can have. */
export function sessionsOfKey({ gateway, incarnation }: { readonly gateway: ServerId; readonly incarnation: number }): string {
  return redisName(`sessions-of:${gateway}:${incarnation}`);
}

/** Channel: notices to a gateway about its sessions. */
export function sessionsChannel(gateway: ServerId): string {
  return redisName(`sessions:${gateway}`);
}
