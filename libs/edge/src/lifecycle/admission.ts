import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Self, ServerDirectory } from '#libs/fleet';
import { type Sanction, Sanctions } from '#libs/moderation';
import {
  type Binding,
  type Claims,
  checkClaims,
  describeIssues,
  type Hello,
  HoldfastError,
  PROTOCOL_VERSION,
  type ServerId,
  type SessionId,
  type UserId,
} from '#libs/protocol';
import { isMember, RoomRecords, type TicketHint, UserRooms } from '#libs/room-store';
import {
  Authenticator,
  type GatewayIncarnation,
  hashOf,
  type Identity,
  type IncarnationOf,
  PendingAwayMarks,
  type ResumedSession,
  SessionNotices,
  SessionStore,
} from '#libs/session';
import { SETTLE_WAIT_MS, StoreSettlement } from '#libs/settlement';
import { Metrics } from '#libs/telemetry';
import { EDGE_OPTIONS, type EdgeOptions } from '../edge.options.js';
import { failureOf } from '../failure-of.js';
import type { ClientGame } from '../room/session-rooms.js';
import { SessionRestorer } from './session-restorer.js';

/** The result of a login or a resume. */
export interface AdmittedSession {
  readonly session: SessionId;
  readonly secret: string;
  readonly user: UserId;
  readonly name: string;
  /** The claims of the login. Undefined: the login has no claims. */
  readonly claims?: Claims;
  readonly resumed: boolean;
  readonly binding: Binding | null;
  /**
   * The number of this admission among all admissions of the user. It is the first part of each request order of the session
   * (`RequestOrder`).
   */
  readonly admissionNumber: number;
  /**
   * The round, version and epoch of the client's state, for the game in the room of `binding`. Null: the player has logged in, or the
   * client's state belongs to no game or to another room.
   */
  readonly game: ClientGame | null;
  /** The ticket of the user in the store, which may be outdated. Null: the store has no ticket of the user. */
  readonly ticket: TicketHint | null;
}

type FoundRoom = Pick<AdmittedSession, 'binding' | 'admissionNumber' | 'ticket'>;

const text = (max: number) => z.string().max(max);
const helloSchema = z.object({
  protocol: z.int(),
  // The schema does not check the length and the characters. `checkPlayerName` checks them, because its errors are more precise.
  name: z.string().optional(),
  token: text(8_192).optional(),
  session: text(64).optional(),
  secret: text(256).optional(),
  room: text(64).optional(),
  round: z.int().min(0).optional(),
  version: z.int().min(0).optional(),
  epoch: z.number().min(0).optional(),
  compact: z.boolean().optional(),
});

/** Admits players: executes the login or the resume that a `hello` requests. */
@Injectable()
export class Admission {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly sessions: SessionStore,
    private readonly notices: SessionNotices,
    private readonly userRooms: UserRooms,
    private readonly records: RoomRecords,
    private readonly awayMarks: PendingAwayMarks,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly settlement: StoreSettlement,
    private readonly restorer: SessionRestorer,
    private readonly metrics: Metrics,
    private readonly sanctions: Sanctions,
  ) {}

  /**
   * Logs the player in, or resumes the session that the hello names.
   *
   * @throws `protocol-version`, `bad-data`, `unauthorized`, `session-unknown`, `already-online`, `suspended`, or `unavailable`
   */
  async admit(message: Hello): Promise<AdmittedSession> {
    try {
      const admitted = await this.admitUncounted(message);
      this.metrics.logins.inc({ result: admitted.resumed ? 'resume' : 'login' });
      return admitted;
    } catch (error) {
      this.metrics.logins.inc({ result: failureOf(error) });
      throw error;
    }
  }

  private async admitUncounted(message: Hello): Promise<AdmittedSession> {
    const parsed = helloSchema.safeParse(message);
    if (!parsed.success) throw new HoldfastError('bad-data', `hello: ${describeIssues(parsed.error.issues)}`);
    const hello = parsed.data;
    if (hello.protocol !== PROTOCOL_VERSION)
      throw new HoldfastError('protocol-version', `This server speaks version ${PROTOCOL_VERSION} of the protocol.`);
    // Ignores an empty string, because clients in some languages send it for a field without a value.
    const { session, secret } = hello;
    if (Boolean(session) !== Boolean(secret)) throw new HoldfastError('bad-data', 'hello: `session` and `secret` belong together.');
    // Waits after a restart of the store, because another gateway has perhaps not restored the session yet.
    await this.settlement.whenSettled(SETTLE_WAIT_MS);
    return session && secret ? this.resume(hello, session as SessionId, secret) : this.login(hello);
  }

  private async login({ name, token }: z.infer<typeof helloSchema>): Promise<AdmittedSession> {
    const identity = plainIdentity(await this.authenticator.authenticate({ name, token }));
    const { session, secret, replaced } = await this.sessions.create({ ...identity, ...this.gateway }, this.incarnationOf);
    if (replaced) await this.notifyReplaced(replaced.gateway, replaced.session);
    const found = await this.findRoom(identity.user, session, secret);
    return { session, secret, ...identity, resumed: false, ...found, game: null };
  }

  private async resume(hello: z.infer<typeof helloSchema>, session: SessionId, secret: string): Promise<AdmittedSession> {
    const resumed = await this.takeUp(session, secret);
    if (resumed.previousGateway) await this.notifyReplaced(resumed.previousGateway, session);
    const found = await this.findRoom(resumed.user, session, resumed.secret);
    const { binding } = found;
    const isSameRoom = binding && hello.room === binding.room && hello.round !== undefined;
    const game = isSameRoom ? { round: hello.round as number, version: hello.version ?? null, epoch: hello.epoch ?? null } : null;
    const { user, name, claims } = resumed;
    return { session, secret: resumed.secret, user, name, ...(claims && { claims }), resumed: true, ...found, game };
  }

  /**
   * Resumes the session in the store. Throws `unavailable` instead of `session-unknown` if the store has just lost data, because another
   * gateway may restore the session soon.
   */
  private async takeUp(session: SessionId, secret: string): Promise<ResumedSession> {
    try {
      return await this.sessions.resume({ session, secret, ...this.gateway });
    } catch (error) {
      const isUnknown = error instanceof HoldfastError && error.code === 'session-unknown';
      if (!isUnknown || !(await this.restorer.isIncomplete())) throw error;
      throw new HoldfastError('unavailable', 'The store lost data, which is being written again. Try again in a moment.', {
        retryAfterMs: 500,
      });
    }
  }

  private get gateway(): GatewayIncarnation {
    return { gateway: this.self.id, incarnation: this.self.incarnation };
  }

  /**
   * Returns the function that reads the incarnation of a ready gateway. `SECOND_LOGIN=refuse` needs it: the store refuses a second login
   * only while the gateway of the earlier session is ready. Undefined with `SECOND_LOGIN=takeover`, because a second login then always ends
   * the earlier session.
   */
  private get incarnationOf(): IncarnationOf | undefined {
    return this.options.secondLogin === 'refuse' ? (gateway) => this.directory.readyIncarnationOf(gateway) : undefined;
  }

  private async findRoom(user: UserId, session: SessionId, secret: string): Promise<FoundRoom> {
    try {
      // Reads the ban after the session was written. An operator's ban is written before the session of the user is looked up. So if a
      // login and a ban happen at the same time, either the login finds the ban, or the lookup finds the session.
      const [ban, found] = await Promise.all([this.sanctions.find('ban', user), this.admitUser(user)]);
      if (ban) throw suspended(ban);
      return found;
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'suspended' && (await this.hasEnded(session))) throw error;
      // The hello fails after the store has assigned the session to this gateway. The session has no connection, so the gateway marks it as
      // away.
      this.awayMarks.mark(session, { gateway: this.self.id, secretHash: hashOf(secret) });
      throw error;
    }
  }

  /** Ends the session of a refused hello in the store. Returns false when the store does not answer. */
  private async hasEnded(session: SessionId): Promise<boolean> {
    return this.sessions.end(session).then(
      () => true,
      () => false,
    );
  }

  private async admitUser(user: UserId): Promise<FoundRoom> {
    const { admissionNumber, pointer, ticket } = await this.userRooms.admit(user);
    const record = pointer ? await this.records.read(pointer.room) : null;
    if (!pointer || !record || !(pointer.watching || isMember(record, user))) return { binding: null, admissionNumber, ticket };
    return { binding: { room: record.id, watching: pointer.watching, rev: record.rev }, admissionNumber, ticket };
  }

  /**
   * Notifies the former gateway that the session has moved or was replaced. The notice may be lost. The former gateway then detects the
   * change when it renews the session.
   */
  private async notifyReplaced(gateway: ServerId, session: SessionId): Promise<void> {
    await this.notices.send(gateway, { kind: 'replaced', session }).catch(() => {});
  }
}

function suspended({ until }: Sanction): HoldfastError {
  return new HoldfastError(
    'suspended',
    until === null ? undefined : `An operator has banned you from this service until ${new Date(until).toISOString()}.`,
  );
}

/**
 * Returns the identity with its claims as plain data.
 * @throws `unauthorized` when the claims are too large or not plain data
 */
function plainIdentity({ user, name, claims: given }: Identity): Identity {
  const checked = checkClaims(given);
  if ('flaw' in checked) throw new HoldfastError('unauthorized', `The claims of this user ${checked.flaw}.`);
  return { user, name, ...(checked.claims && { claims: checked.claims }) };
}
