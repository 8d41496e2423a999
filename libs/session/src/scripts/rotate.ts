import type { Claims, ServerId, SessionId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_rotate', new URL('./rotate.lua', import.meta.url), 1);

export interface Rotation {
  /** Hash of the secret, as the caller read it. */
  readonly secret: string;
  /** Hash of the previous secret, as the caller read it. '' means none. */
  readonly previous: string;
  /** Hash of the new secret. */
  readonly newSecret: string;
  /** Hash of the secret that the player sent. This secret is valid until the new secret has arrived. */
  readonly presented: string;
  readonly gateway: ServerId;
  readonly ttlMs: number;
}

export interface Rotated {
  readonly user: string;
  readonly name: string;
  readonly gatewayBefore: string;
  readonly room: string;
  readonly claims?: Claims;
}

/**
 * Gives a session to a gateway under a new secret. `changed`: another resume changed the secrets after the caller had read them, so the
 * caller must read the record again. Null: the session no longer exists.
 */
export async function rotate(client: RedisClient, session: SessionId, rotation: Rotation): Promise<Rotated | 'changed' | null> {
  const { secret, previous, newSecret, presented, gateway, ttlMs } = rotation;
  const answer = (await script.run(client, [sessionKey(session)], [secret, previous, newSecret, presented, gateway, ttlMs])) as
    | readonly string[]
    | 'changed'
    | null;
  if (answer === null || answer === 'changed') return answer;
  const [user, name, gatewayBefore, room, claims] = answer as [string, string, string, string, string];
  return { user, name, gatewayBefore, room, ...(claims && { claims: JSON.parse(claims) as Claims }) };
}
