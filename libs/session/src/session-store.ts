import { Inject, Injectable } from '@nestjs/common';
import { HoldfastError, type RoomId, type ServerId, type SessionId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type BegunSession, begin } from './scripts/begin.js';
import { claimUser } from './scripts/claim-user.js';
import { confirm } from './scripts/confirm.js';
import { enterRoom } from './scripts/enter-room.js';
import { finish } from './scripts/finish.js';
import { forgetUser } from './scripts/forget-user.js';
import { type HeldSession, restore } from './scripts/restore.js';
import { type Rotated, type Rotation, rotate } from './scripts/rotate.js';
import { type LifeOfGateway, letGo } from './second-login.js';
import { SESSION_OPTIONS, SESSION_TTL_MS_DEFAULT, type SessionOptions } from './session.options.js';
import { SessionAways } from './session-aways.js';
import { type SessionHolder, SessionHolders } from './session-holders.js';
import { sessionKey, userSessionKey, witnessKey } from './session-keys.js';
import { hashOf, isHashOf, newSecret, newSessionId } from './session-secret.js';

export interface NewSession {
  readonly session: SessionId;
  readonly secret: string;
  /** The user's session until now, which is over: its gateway should be told. */
  readonly replaced: { readonly session: SessionId; readonly gateway: ServerId } | null;
}

export interface ResumedSession {
  readonly session: SessionId;
  /** To be shown at the next resume. */
  readonly secret: string;
  readonly user: UserId;
  readonly name: string;
  readonly room: RoomId | null;
  /** Where the session was; it may still be open there, and that gateway should be told. Null: here. */
  readonly previousGateway: ServerId | null;
}

export interface FoundSession {
  readonly session: SessionId;
  readonly user: UserId;
  readonly name: string;
  readonly gateway: ServerId;
  readonly room: RoomId | null;
  /** Its gateway has said that it has no connection. */
  readonly isAway: boolean;
}

/** Each turn of the loop means that another resume of the same session came between; so many at once are no player's. */
const ROTATE_TRIES_MAX = 5;
/** The same of logins and resumes while another login looks on: somebody is there. */
const CLAIM_TRIES_MAX = 5;
/** Longer than a store is away; a gateway that sleeps longer looks at its sessions as after a loss. */
const WITNESS_MS = 3_600_000;

/** The session a user had, which is over, and the gateway that may still remember it. Null: they had none. */
type Freed = { readonly session: SessionId; readonly gateway: ServerId | null } | null;

/**
 * Sessions outlive connections and gateways: the record is written at login, so that a gateway may die without a word.
 *
 * A user has at most one live session: `hf:user-session:{USER}` names it, and a record it does not name cannot be
 * resumed. The two keys are in different slots of a Cluster, so they change one after the other, each atomically; the
 * name is changed first and read last, so whichever of two racing logins and resumes loses is refused or told.
 *
 * A secret works until its successor is known to have arrived, by what the player says after the welcome or by being
 * shown: the welcome that carries it may be lost on its way. After that it is useless to whoever stole it.
 */
@Injectable()
export class SessionStore {
  private readonly ttlMs: number;
  /** What was written for `hasForgotten` last. */
  private witness: string | null = null;

  constructor(
    private readonly redis: RedisConnections,
    private readonly holders: SessionHolders,
    private readonly aways: SessionAways,
    @Inject(SESSION_OPTIONS) options: SessionOptions,
  ) {
    this.ttlMs = options.sessionTtlMs ?? SESSION_TTL_MS_DEFAULT;
  }

  /**
   * A login. Takes over from the user's session until now, if there is one; with `lifeOf` only from one that nobody is
   * connected by, else it throws `already-online`. Of two at once, one is in, and the other refused.
   */
  async create({ user, name, ...holder }: { user: UserId; name: string } & SessionHolder, lifeOf?: LifeOfGateway): Promise<NewSession> {
    const client = this.redis.commands;
    const session = newSessionId() as SessionId;
    const secret = newSecret();
    const secretHash = hashOf(secret);
    const before = lifeOf && (await this.freeUser(user, lifeOf));
    let isWritten = false;
    try {
      await this.write(session, { user, name, secretHash, gateway: holder.gateway }, holder);
      isWritten = true;
      const replaced = lifeOf ? await this.claim(user, session, lifeOf, before ?? null) : await this.takeOver(user, session);
      return { session, secret, replaced };
    } catch (error) {
      // Nobody was told its secret, so nobody is to find it in their way: with no store to say so to, as soon as there is.
      // One whose record is not known to be written was named nowhere; of those there are many while the store is away.
      await finish(client, session).catch(() => {
        if (isWritten) this.aways.mark(session, { gateway: holder.gateway, secretHash });
      });
      throw error;
    }
  }

  /** Throws `session-unknown`: over, replaced by another login, or the secret is wrong. Of two at once, the later has the session. */
  async resume({ session, secret, gateway, incarnation }: { session: SessionId; secret: string } & SessionHolder): Promise<ResumedSession> {
    const client = this.redis.commands;
    const shown = hashOf(secret);
    for (let tries = 0; tries < ROTATE_TRIES_MAX; tries += 1) {
      const [stored, previous] = await client.hmget(sessionKey(session), 'secret', 'previous');
      // Both are compared whatever the first says: an answer tells nothing by its time.
      const isCurrent = isHashOf(shown, stored ?? '');
      const isPrevious = isHashOf(shown, previous ?? '');
      if (stored === null || !(isCurrent || isPrevious)) break;
      await this.holders.note([session], { gateway, incarnation });
      const next = newSecret();
      const rotation = { secret: stored, previous: previous ?? '', newSecret: hashOf(next), shown, gateway, ttlMs: this.ttlMs };
      const rotated = await this.takeUp(session, rotation);
      if (rotated === null) break;
      if (rotated === 'changed') continue;
      const user = rotated.user as UserId;
      const previousGateway = rotated.gatewayBefore === gateway ? null : (rotated.gatewayBefore as ServerId);
      return { session, secret: next, user, name: rotated.name, room: (rotated.room || null) as RoomId | null, previousGateway };
    }
    throw new HoldfastError('session-unknown');
  }

  /** The player has read this secret: the one before is void. Nothing happens when another resume came between. */
  async confirm(session: SessionId, secretHash: string): Promise<void> {
    await confirm(this.redis.commands, session, secretHash);
  }

  /**
   * These sessions are still here: they live for another TTL. To be called at a third of it, so that two lost calls do
   * not cost a session. Answers those that are gone or replaced by a later login, of which no notice may have come.
   */
  async touch(sessions: readonly { readonly session: SessionId; readonly user: UserId }[]): Promise<readonly SessionId[]> {
    const client = this.redis.commands;
    // A Cluster's client batches by node itself, and refuses one pipeline over many slots.
    const pipeline = client.isCluster ? null : client.pipeline();
    const calls = sessions.map(({ session, user }) => {
      const target = pipeline ?? client;
      return [target.pexpire(sessionKey(session), this.ttlMs), target.getex(userSessionKey(user), 'PX', this.ttlMs)];
    });
    const answers = pipeline ? answersOf(await pipeline.exec()) : await Promise.all(calls.flat());
    return sessions.flatMap(({ session }, index) => (answers[2 * index] === 1 && answers[2 * index + 1] === session ? [] : session));
  }

  /**
   * Whether the store lost anything since the gateway asked last: it was emptied, or fell back to a time before. Asked for
   * the first time it says yes: what was written before that may be lost as well.
   */
  async hasForgotten(gateway: ServerId): Promise<boolean> {
    const expected = this.witness;
    const next = newSecret();
    const found = await this.redis.commands.set(witnessKey(gateway), next, 'PX', WITNESS_MS, 'GET');
    this.witness = next;
    return expected === null || found !== expected;
  }

  /**
   * Writes a session again that the store lost, as its gateway holds it. False: it is not lost, or the user has logged in
   * anew. Only for a store that has forgotten something: else a session that is gone is over. `isLast`: the user's last admission is
   * known to be the one of this session at this gateway, so that another in its place is an older one.
   */
  async restore(held: HeldSession, isLast = false): Promise<boolean> {
    const { commands } = this.redis;
    const key = userSessionKey(held.user);
    const live = isLast
      ? await commands.set(key, held.session, 'PX', this.ttlMs, 'GET')
      : await commands.set(key, held.session, 'PX', this.ttlMs, 'NX', 'GET');
    if (!isLast && live !== null && live !== held.session) return false;
    return restore(commands, held, this.ttlMs, isLast);
  }

  /** The player said goodbye. With a `gateway`: only if the session is still there. False: it was over, or is elsewhere. */
  async end(session: SessionId, gateway?: ServerId): Promise<boolean> {
    const ended = await finish(this.redis.commands, session, gateway);
    if (ended) await forgetUser(this.redis.commands, ended.user, session);
    return ended !== null;
  }

  /** Notes the room a session plays in, or null. False: there is no such session. */
  async enterRoom(session: SessionId, room: RoomId | null): Promise<boolean> {
    return enterRoom(this.redis.commands, session, room);
  }

  /** A user's live session; a hint, it may end or move at any time. */
  async find(user: UserId): Promise<FoundSession | null> {
    const client = this.redis.commands;
    const session = (await client.get(userSessionKey(user))) as SessionId | null;
    if (session === null) return null;
    const [name, gateway, room, away] = await client.hmget(sessionKey(session), 'name', 'gateway', 'room', 'away');
    if (name === null || gateway === null) return null;
    return { session, user, name, gateway: gateway as ServerId, room: (room || null) as RoomId | null, isAway: away !== null };
  }

  /** In the order asked for, with the gateway that each is at; null: there is no such session. */
  async readMany(sessions: readonly SessionId[]): Promise<({ user: UserId; gateway: ServerId } | null)[]> {
    const client = this.redis.commands;
    const records = await Promise.all(sessions.map((session) => client.hmget(sessionKey(session), 'user', 'gateway')));
    return records.map(([user, gateway]) => (user === null || gateway === null ? null : { user, gateway: gateway as ServerId }));
  }

  private async write(session: SessionId, begun: BegunSession, holder: SessionHolder): Promise<void> {
    // A script and no `multi`, onto each of which ioredis copies all scripts it knows: twice the memory that a session takes.
    await Promise.all([begin(this.redis.commands, session, begun, this.ttlMs), this.holders.note([session], holder)]);
  }

  /** Null: it is over. */
  private async takeUp(session: SessionId, rotation: Rotation): Promise<Rotated | 'changed' | null> {
    try {
      const rotated = await rotate(this.redis.commands, session, rotation);
      if (rotated === null || rotated === 'changed') return rotated;
      return (await this.isLive(rotated.user as UserId, session)) ? rotated : null;
    } catch (error) {
      // It may have been done; nobody has a connection by it.
      this.aways.mark(session, { gateway: rotation.gateway, secretHash: rotation.newSecret });
      throw error;
    }
  }

  private async takeOver(user: UserId, session: SessionId): Promise<NewSession['replaced']> {
    const client = this.redis.commands;
    const before = (await client.set(userSessionKey(user), session, 'PX', this.ttlMs, 'GET')) as SessionId | null;
    const ended = before === null ? null : await finish(client, before);
    return before && ended && { session: before, gateway: ended.gateway };
  }

  /** As long as nobody else was faster. */
  private async claim(user: UserId, session: SessionId, lifeOf: LifeOfGateway, first: Freed): Promise<NewSession['replaced']> {
    let before = first;
    for (let tries = 0; tries < CLAIM_TRIES_MAX; tries += 1) {
      const from = before?.session ?? null;
      if (await claimUser(this.redis.commands, user, { from, to: session }, this.ttlMs)) {
        return before?.gateway ? { session: before.session, gateway: before.gateway } : null;
      }
      before = await this.freeUser(user, lifeOf);
    }
    throw new HoldfastError('already-online');
  }

  /**
   * Ends the user's session until now, before another is named: whoever dies in between leaves a user without one, who
   * may log in. Throws `already-online` when it is held.
   */
  private async freeUser(user: UserId, lifeOf: LifeOfGateway): Promise<Freed> {
    const client = this.redis.commands;
    for (let tries = 0; tries < CLAIM_TRIES_MAX; tries += 1) {
      const session = (await client.get(userSessionKey(user))) as SessionId | null;
      if (session === null) return null;
      const outcome = await letGo(client, this.holders, session, lifeOf);
      if (outcome === 'held') break;
      if (outcome !== 'changed') return { session, gateway: outcome.gateway };
    }
    throw new HoldfastError('already-online');
  }

  /** Asked after a resume was written, so that a login meanwhile, which wrote first, is seen. */
  private async isLive(user: UserId, session: SessionId): Promise<boolean> {
    const key = userSessionKey(user);
    const live = await this.redis.commands.get(key);
    if (live === session) await this.redis.commands.pexpire(key, this.ttlMs);
    return live === session;
  }
}

function answersOf(results: readonly [Error | null, unknown][] | null): unknown[] {
  return (results ?? []).map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
}
