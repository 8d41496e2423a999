import { Injectable } from '@nestjs/common';
import type { ServerId, SessionId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { SESSION_HOLDERS_KEY, sessionsOfKey } from './session-keys.js';

/** One incarnation of a gateway. A restarted gateway has the same name and none of its earlier sessions. */
export interface SessionHolder {
  readonly gateway: ServerId;
  readonly incarnation: number;
}

/** Longer than any outage of the store or of the whole fleet. Only an index without a living gateway expires. */
const KEPT_MS = 24 * 3_600_000;

/**
 * Index from a gateway to the sessions that it may have. An entry is written before the session's record and removed
 * after it, so the index never lacks a session. It shows which sessions a dead gateway may have had; only the record of
 * a session shows whether the session is still at that gateway.
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

  /** Returns the sessions out of these that the gateway may have. */
  async among(sessions: readonly SessionId[], holder: SessionHolder): Promise<ReadonlySet<SessionId>> {
    if (sessions.length === 0) return new Set();
    const answers = (await this.redis.commands.smismember(sessionsOfKey(holder), ...sessions)) as number[];
    return new Set(sessions.filter((_, index) => answers[index] === 1));
  }

  /** Returns all incarnations of gateways that may have sessions. */
  async all(): Promise<SessionHolder[]> {
    return (await this.redis.commands.smembers(SESSION_HOLDERS_KEY)).map(holderOf);
  }

  /** Removes an incarnation that has no sessions and will not get any. */
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
