import type { ServerId, SessionId, UserId } from '#libs/protocol';

/** Hash: `user name secret previous gateway room`, and `away` while it has no connection; its TTL is the session's. */
export function sessionKey(session: SessionId): string {
  return `hf:session:${session}`;
}

/** String: the one live session of a user. */
export function userSessionKey(user: UserId): string {
  return `hf:user-session:{${user}}`;
}

/** String: what a gateway wrote there last; another answer means that the store forgot something. */
export function witnessKey(gateway: ServerId): string {
  return `hf:sessions:${gateway}:witness`;
}

/** Set: all that may hold sessions, `GATEWAY INCARNATION`. */
export const SESSION_HOLDERS_KEY = 'hf:session-holders';

/** Set: the sessions that one life of a gateway may hold. */
export function sessionsOfKey({ gateway, incarnation }: { readonly gateway: ServerId; readonly incarnation: number }): string {
  return `hf:sessions-of:${gateway}:${incarnation}`;
}

/** Channel: what a gateway is told about its sessions. */
export function sessionsChannel(gateway: ServerId): string {
  return `hf:sessions:${gateway}`;
}
