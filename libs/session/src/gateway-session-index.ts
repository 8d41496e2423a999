import { Injectable } from '@nestjs/common';
import type { ServerId, SessionId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { sessionHoldersKey, sessionsOfKey } from './session-keys.js';

/** One incarnation of a gateway. The name alone is not enough, because a restarted gateway has the same name and no earlier sessions. */
export interface GatewayIncarnation {
  readonly gateway: ServerId;
  readonly incarnation: number;
}

/**
 * TTL of an index, in ms. It is longer than any expected outage, so that the sessions of a gateway that died in an outage are still found
 * after it.
 */
const RETENTION_MS = 24 * 3_600_000;

/**
 * Index from a gateway to the sessions that it possibly has. An entry is written before the session's record and removed after it, so every
 * session of the gateway is in the index. The index only shows which sessions a dead gateway possibly had. The record of a session shows
 * whether the session is still at that gateway.
 */
@Injectable()
export class GatewaySessionIndex {
  constructor(private readonly redis: RedisConnections) {}

  async add(sessions: readonly SessionId[], gateway: GatewayIncarnation): Promise<void> {
    if (sessions.length === 0) return;
    const { commands } = this.redis;
    const key = sessionsOfKey(gateway);
    await Promise.all([
      commands.sadd(sessionHoldersKey(), memberOf(gateway)),
      commands.sadd(key, ...sessions),
      commands.pexpire(key, RETENTION_MS),
    ]);
  }

  async removeSessions(sessions: readonly SessionId[], gateway: GatewayIncarnation): Promise<void> {
    if (sessions.length > 0) await this.redis.commands.srem(sessionsOfKey(gateway), ...sessions);
  }

  async sessionsOf(gateway: GatewayIncarnation): Promise<SessionId[]> {
    return (await this.redis.commands.smembers(sessionsOfKey(gateway))) as SessionId[];
  }

  /** Returns those of the given sessions that the gateway possibly has. */
  async among(sessions: readonly SessionId[], gateway: GatewayIncarnation): Promise<ReadonlySet<SessionId>> {
    if (sessions.length === 0) return new Set();
    const answers = (await this.redis.commands.smismember(sessionsOfKey(gateway), ...sessions)) as number[];
    return new Set(sessions.filter((_, index) => answers[index] === 1));
  }

  /** Returns all incarnations of gateways that possibly have sessions. */
  async gateways(): Promise<GatewayIncarnation[]> {
    return (await this.redis.commands.smembers(sessionHoldersKey())).map(gatewayOf);
  }

  /** Removes an incarnation that has no sessions and will not get new ones. */
  async remove(gateway: GatewayIncarnation): Promise<void> {
    await this.redis.commands.srem(sessionHoldersKey(), memberOf(gateway));
  }
}

function memberOf({ gateway, incarnation }: GatewayIncarnation): string {
  return `${gateway} ${incarnation}`;
}

function gatewayOf(member: string): GatewayIncarnation {
  const [gateway, incarnation] = member.split(' ');
  return { gateway: gateway as ServerId, incarnation: Number(incarnation) };
}
