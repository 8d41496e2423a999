import { Injectable } from '@nestjs/common';
import type { ServerId, SessionId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { SESSION_HOLDERS_KEY, sessionsOfKey } from './session-keys.js';

/** One life of a gateway: under the same name it may start anew, with none of the sessions it had. */
export interface SessionHolder {
  readonly gateway: ServerId;
  readonly incarnation: number;
}

/** Longer than a store or a whole fleet is away; only what nobody ever comes back for is forgotten by it. */
const KEPT_MS = 24 * 3_600_000;

/**
 * Which sessions a gateway may hold: an index, written before the session's record and cleared after it, so never short.
 * It says where to look when a gateway is gone; whether the session is still there, its record says.
 */
@Injectable()
export class SessionHolders {
  constructor(private readonly redis: RedisConnections) {}

  async note(sessions: readonly SessionId[], holder: SessionHolder): Promise<void> {
    if (sessions.length === 0) return;
    const { commands } = this.redis;
    const key = sessionsOfKey(holder);
    await Promise.all([
      commands.sadd(SESSION_HOLDERS_KEY, memberOf(holder)),
      commands.sadd(key, ...sessions),
      commands.pexpire(key, KEPT_MS),
    ]);
  }

  async forget(sessions: readonly SessionId[], holder: SessionHolder): Promise<void> {
    if (sessions.length > 0) await this.redis.commands.srem(sessionsOfKey(holder), ...sessions);
  }

  async sessionsOf(holder: SessionHolder): Promise<SessionId[]> {
    return this.redis.commands.smembers(sessionsOfKey(holder));
  }

  /** Which of these it may hold. */
  async among(sessions: readonly SessionId[], holder: SessionHolder): Promise<ReadonlySet<SessionId>> {
    if (sessions.length === 0) return new Set();
    const answers = (await this.redis.commands.smismember(sessionsOfKey(holder), ...sessions)) as number[];
    return new Set(sessions.filter((_, index) => answers[index] === 1));
  }

  /** All that may hold any. */
  async all(): Promise<SessionHolder[]> {
    return (await this.redis.commands.smembers(SESSION_HOLDERS_KEY)).map(holderOf);
  }

  /** It holds none any more, and will not again. */
  async remove(holder: SessionHolder): Promise<void> {
    await this.redis.commands.srem(SESSION_HOLDERS_KEY, memberOf(holder));
  }
}

function memberOf({ gateway, incarnation }: SessionHolder): string {
  return `${gateway} ${incarnation}`;
}

function holderOf(member: string): SessionHolder {
  const [gateway, incarnation] = member.split(' ');
  return { gateway: gateway as ServerId, incarnation: Number(incarnation) };
}
