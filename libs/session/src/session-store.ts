import { Inject, Injectable } from '@nestjs/common';
import { type Claims, HoldfastError, type RoomId, type ServerId, type SessionId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type GatewayIncarnation, GatewaySessionIndex } from './gateway-session-index.js';
import { PendingAwayMarks } from './pending-away-marks.js';
import { begin, type SessionStart } from './scripts/begin.js';
import { claimUser } from './scripts/claim-user.js';
import { confirm } from './scripts/confirm.js';
import { enterRoom } from './scripts/enter-room.js';
import { finish } from './scripts/finish.js';
import { forgetUser } from './scripts/forget-user.js';
import { type HeldSession, restore } from './scripts/restore.js';
import { revoke } from './scripts/revoke.js';
import { type Rotated, type Rotation, rotate } from './scripts/rotate.js';
import { type IncarnationOf, retireUnlessConnected } from './second-login.js';
import { SESSION_OPTIONS, SESSION_TTL_MS_DEFAULT, type SessionOptions } from './session.options.js';
import { sessionKey, userSessionKey, witnessKey } from './session-keys.js';
import { hashOf, isHashOf, newSecret, newSessionId } from './session-secret.js';

export interface NewSession {
  readonly session: SessionId;
  readonly secret: string;
  /**
   * The user's earlier session, which this login has ended. The caller notifies the gateway of that session. Null: the user had no earlier
   * session, or no gateway is known to have it.
   */
  readonly replaced: { readonly session: SessionId; readonly gateway: ServerId } | null;
}

export interface ResumedSession {
  readonly session: SessionId;
  /** The new secret, which the player needs for the next resume. */
  readonly secret: string;
  readonly user: UserId;
  readonly name: string;
  readonly room: RoomId | null;
  /** The claims of the login. Absent: the login had no claims. */
  readonly claims?: Claims;
  /**
   * The gateway that had the session before. Its connection is possibly still open, so the caller notifies this gateway. Null: the session
   * already was at this gateway.
   */
  readonly previousGateway: ServerId | null;
}

export interface FoundSession {
  readonly session: SessionId;
  readonly user: UserId;
  readonly name: string;
  readonly gateway: ServerId;
  readonly room: RoomId | null;
  /** True: the session has no connection, so its gateway has marked it as away. */
  readonly isAway: boolean;
}

/**
 * Maximum number of attempts to write a resume. An attempt fails only when another resume of the session is written during the attempt.
 * After the last attempt the resume is refused. No real client resumes so often at once.
 */
const ROTATE_TRIES_MAX = 5;
/**
 * Maximum number of attempts to write a login. An attempt fails only when another login or resume of the user is written during the
 * attempt. After the last attempt the login is refused.
 */
const CLAIM_TRIES_MAX = 5;
/**
 * Maximum TTL of the witness (`witnessKey`), in ms. When the witness has expired, the gateway checks its sessions as after a data loss. The
 * witness expires when the clock of Redis is set ahead by more than this time, or when the gateway is suspended for longer than this time.
 */
const WITNESS_MS_MAX = 60_000;
/**
 * The TTL of the witness, as a fraction of a session's TTL. When a clock is set ahead, the witness expires before any connected session.
 * The reason: a gateway renews a session after a third of the session's TTL, so a connected session always has two thirds of its TTL left.
 */
const WITNESS_PART = 1 / 3;

/**
 * A user's session that a login has ended, and the gateway that perhaps still has the session in memory. `gateway` null: the session had no
 * record. Null: the user had no session.
 */
type Freed = { readonly session: SessionId; readonly gateway: ServerId | null } | null;

/**
 * Stores sessions, which outlive connections and gateways. The record is written at login, so a session survives the
 * sudden death of its gateway.
 *
 * A user has at most one live session. The key `hf:user-session:{USER}` contains its id, and no other session of the user can be resumed.
 * The record and this key are in different slots of a Cluster, so they change one after the other, each atomically. The key is written
 * first and read last. So when several logins and resumes are concurrent, one of them gets the session. Each of the others is refused, or
 * its gateway receives a notice and closes the connection.
 *
 * A secret is valid until the player has received its successor. The `welcome` with the successor can be lost, so only a later message or
 * resume of the player proves that it arrived. After that, a stolen old secret is useless.
 */
@Injectable()
export class SessionStore {
  private readonly ttlMs: number;
  private readonly witnessTtlMs: number;
  /** The value that `hasForgotten` last wrote to the witness. Null: it has not written one yet. */
  private witness: string | null = null;

  constructor(
    private readonly redis: RedisConnections,
    private readonly index: GatewaySessionIndex,
    private readonly awayMarks: PendingAwayMarks,
    @Inject(SESSION_OPTIONS) options: SessionOptions,
  ) {
    this.ttlMs = options.sessionTtlMs ?? SESSION_TTL_MS_DEFAULT;
    this.witnessTtlMs = Math.ceil(Math.min(WITNESS_MS_MAX, this.ttlMs * WITNESS_PART));
  }

  /**
   * Creates the session of a login and ends the user's earlier session. With `incarnationOf` (`SECOND_LOGIN=refuse`), throws
   * `already-online` if the earlier session has a connection, and of two concurrent logins exactly one succeeds.
   */
  async create(
    { user, name, claims, ...holder }: { user: UserId; name: string; claims?: Claims } & GatewayIncarnation,
    incarnationOf?: IncarnationOf,
  ): Promise<NewSession> {
    const client = this.redis.commands;
    const session = newSessionId() as SessionId;
    const secret = newSecret();
    const secretHash = hashOf(secret);
    const before = incarnationOf && (await this.freeUser(user, incarnationOf));
    let isWritten = false;
    try {
      await this.write(session, { user, name, secretHash, gateway: holder.gateway, ...(claims && { claims }) }, holder);
      isWritten = true;
      const replaced = incarnationOf ? await this.claim(user, session, incarnationOf, before ?? null) : await this.takeOver(user, session);
      return { session, secret, replaced };
    } catch (error) {
      // No client received the secret, so this session must not block the user's next login: its record is deleted, or at least marked as
      // away. A mark is not needed when the write of the record failed, because the user's key does not name the session then.
      await finish(client, session).catch(() => {
        if (isWritten) this.awayMarks.mark(session, { gateway: holder.gateway, secretHash });
      });
      throw error;
    }
  }

  /**
   * Continues a session at this gateway. Throws `session-unknown` when the session is over or replaced by another login, or when the secret
   * is wrong. Of two concurrent resumes, the later one gets the session.
   */
  async resume({
    session,
    secret,
    gateway,
    incarnation,
  }: { session: SessionId; secret: string } & GatewayIncarnation): Promise<ResumedSession> {
    const client = this.redis.commands;
    const presented = hashOf(secret);
    for (let tries = 0; tries < ROTATE_TRIES_MAX; tries += 1) {
      const [stored, previous] = await client.hmget(sessionKey(session), 'secret', 'previous');
      // Always compares both secrets, so that the duration does not show which secret matched.
      const isCurrent = isHashOf(presented, stored ?? '');
      const isPrevious = isHashOf(presented, previous ?? '');
      if (!stored || !(isCurrent || isPrevious)) break;
      await this.index.add([session], { gateway, incarnation });
      const next = newSecret();
      const rotation = { secret: stored, previous: previous ?? '', newSecret: hashOf(next), presented, gateway, ttlMs: this.ttlMs };
      const rotated = await this.takeUp(session, rotation);
      if (rotated === null) break;
      if (rotated === 'changed') continue;
      const user = rotated.user as UserId;
      const previousGateway = rotated.gatewayBefore === gateway ? null : (rotated.gatewayBefore as ServerId);
      const room = (rotated.room || null) as RoomId | null;
      return { session, secret: next, user, name: rotated.name, room, ...(rotated.claims && { claims: rotated.claims }), previousGateway };
    }
    throw new HoldfastError('session-unknown');
  }

  /** Invalidates the previous secret, because the player has received the current secret. Does nothing after a newer resume. */
  async confirm(session: SessionId, secretHash: string): Promise<void> {
    await confirm(this.redis.commands, session, secretHash);
  }

  /**
   * Sets the TTL of sessions to its full length. The gateway calls this every third of the TTL, so that two lost calls do not end a
   * session. Returns the sessions that are over or replaced by a later login, because the notices about them are possibly lost.
   */
  async touch(sessions: readonly { readonly session: SessionId; readonly user: UserId }[]): Promise<readonly SessionId[]> {
    const client = this.redis.commands;
    // The client of a Cluster refuses a pipeline over several slots. So this code sends single Redis commands, which the client batches
    // for each node.
    const pipeline = client.isCluster ? null : client.pipeline();
    const calls = sessions.map(({ session, user }) => {
      const target = pipeline ?? client;
      return [target.pexpire(sessionKey(session), this.ttlMs), target.getex(userSessionKey(user), 'PX', this.ttlMs)];
    });
    const answers = pipeline ? answersOf(await pipeline.exec()) : await Promise.all(calls.flat());
    return sessions.flatMap(({ session }, index) => (answers[2 * index] === 1 && answers[2 * index + 1] === session ? [] : session));
  }

  /**
   * Returns whether the store has lost data since the last call of this gateway. The possible losses: the store was emptied, it fell back
   * to an older state, or its clock was set so far ahead that sessions have expired. The first call returns true, because the store has
   * perhaps lost data before.
   */
  async hasForgotten(gateway: ServerId): Promise<boolean> {
    const expected = this.witness;
    const next = newSecret();
    const found = await this.redis.commands.set(witnessKey(gateway), next, 'PX', this.witnessTtlMs, 'GET');
    this.witness = next;
    return expected === null || found !== expected;
  }

  /**
   * Restores a lost session from the memory of its gateway. Returns false when the session is not lost, or when the user has a newer login.
   * Call this only after a data loss of the store. At any other time, a missing session is over.
   *
   * @param isLast true: the user's last admission was to this session at this gateway. So another session in the store is older and is
   * replaced
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

  /**
   * Ends a session. With `gateway`, ends it only if that gateway still has it. Returns false when the session was already over, or when
   * another gateway has it.
   */
  async end(session: SessionId, gateway?: ServerId): Promise<boolean> {
    const ended = await finish(this.redis.commands, session, gateway);
    if (ended) await forgetUser(this.redis.commands, ended.user, session);
    return ended !== null;
  }

  /**
   * Ends a session for its player: nobody can resume it, and the user may log in again. Keeps the record until the gateway of the session
   * has removed the user from the room and calls `end`. If this gateway dies first, its cleanup finds the user by the record. Idempotent.
   * Returns the gateway. Null: the session was over.
   */
  async revoke({ session, user }: Pick<FoundSession, 'session' | 'user'>): Promise<ServerId | null> {
    const client = this.redis.commands;
    const [gateway] = await Promise.all([revoke(client, session), forgetUser(client, user, session)]);
    return gateway;
  }

  /** Stores the room of a session, or null for no room. Returns false when the session does not exist. */
  async enterRoom(session: SessionId, room: RoomId | null): Promise<boolean> {
    return enterRoom(this.redis.commands, session, room);
  }

  /** Returns the live session of a user. Null: the user has no session. The session can end or change its gateway at any time. */
  async find(user: UserId): Promise<FoundSession | null> {
    const client = this.redis.commands;
    const session = (await client.get(userSessionKey(user))) as SessionId | null;
    if (session === null) return null;
    const [name, gateway, room, away] = await client.hmget(sessionKey(session), 'name', 'gateway', 'room', 'away');
    if (!name || !gateway) return null;
    return { session, user, name, gateway: gateway as ServerId, room: (room || null) as RoomId | null, isAway: away !== null };
  }

  /**
   * Returns user and gateway of each session, in the order of the parameter. Null: the session does not exist, or its user has logged in
   * again since.
   */
  async readMany(sessions: readonly SessionId[]): Promise<({ user: UserId; gateway: ServerId } | null)[]> {
    const client = this.redis.commands;
    const records = await Promise.all(sessions.map((session) => client.hmget(sessionKey(session), 'user', 'gateway')));
    // The record of a revoked session can remain after its user has logged in again. Such a session has ended, so this method returns null
    // for it.
    const live = await Promise.all(records.map(([user]) => (user ? client.get(userSessionKey(user as UserId)) : null)));
    return records.map(([user, gateway], index) => {
      const isReplaced = live[index] !== null && live[index] !== sessions[index];
      return !user || !gateway || isReplaced ? null : { user: user as UserId, gateway: gateway as ServerId };
    });
  }

  private async write(session: SessionId, start: SessionStart, holder: GatewayIncarnation): Promise<void> {
    // Runs a script instead of a `multi`, because ioredis copies all known scripts onto each `multi`, which would double the memory of a
    // session.
    await Promise.all([begin(this.redis.commands, session, start, this.ttlMs), this.index.add([session], holder)]);
  }

  /** Writes a resume. `changed`: another resume was written first. Null: the session is over. */
  private async takeUp(session: SessionId, rotation: Rotation): Promise<Rotated | 'changed' | null> {
    try {
      const rotated = await rotate(this.redis.commands, session, rotation);
      if (rotated === null || rotated === 'changed') return rotated;
      return (await this.isLive(rotated.user as UserId, session)) ? rotated : null;
    } catch (error) {
      // Redis has perhaps stored the new secret, although no client received it. So the session is marked as away.
      this.awayMarks.mark(session, { gateway: rotation.gateway, secretHash: rotation.newSecret });
      throw error;
    }
  }

  private async takeOver(user: UserId, session: SessionId): Promise<NewSession['replaced']> {
    const client = this.redis.commands;
    const before = (await client.set(userSessionKey(user), session, 'PX', this.ttlMs, 'GET')) as SessionId | null;
    const ended = before === null ? null : await finish(client, before);
    return before && ended && { session: before, gateway: ended.gateway };
  }

  /**
   * Makes the session the user's live session. If another login was faster, ends the session of that login if possible, and tries again.
   */
  private async claim(user: UserId, session: SessionId, incarnationOf: IncarnationOf, first: Freed): Promise<NewSession['replaced']> {
    let before = first;
    for (let tries = 0; tries < CLAIM_TRIES_MAX; tries += 1) {
      const from = before?.session ?? null;
      if (await claimUser(this.redis.commands, user, { from, to: session }, this.ttlMs)) {
        return before?.gateway ? { session: before.session, gateway: before.gateway } : null;
      }
      before = await this.freeUser(user, incarnationOf);
    }
    throw new HoldfastError('already-online');
  }

  /**
   * Ends the user's earlier session. Only then does the caller write the new session to the user's key. If the gateway dies between these
   * steps, the user has no session and can log in. Throws `already-online` when a player is connected with the earlier session.
   */
  private async freeUser(user: UserId, incarnationOf: IncarnationOf): Promise<Freed> {
    const client = this.redis.commands;
    for (let tries = 0; tries < CLAIM_TRIES_MAX; tries += 1) {
      const session = (await client.get(userSessionKey(user))) as SessionId | null;
      if (session === null) return null;
      const outcome = await retireUnlessConnected(client, this.index, session, incarnationOf);
      if (outcome === 'held') break;
      if (outcome !== 'changed') return { session, gateway: outcome.gateway };
    }
    throw new HoldfastError('already-online');
  }

  /**
   * Returns whether the session is the live session of its user, and renews the TTL of the user's key in this case. Call it after the write
   * of a resume, because a concurrent login that ended the session has then already written the user's key.
   */
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
