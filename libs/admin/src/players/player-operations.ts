import { Injectable } from '@nestjs/common';
import { type Sanction, type SanctionKind, Sanctions } from '#libs/moderation';
import { HoldfastError, type UserId } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { SessionStore } from '#libs/session';
import type { Answered } from '../audit/act-on.decorator.js';
import { GatewayPlayers } from './gateway-players.js';
import type { BanAnswer } from './player-schemas.js';

export interface SanctionRequest {
  /** The name of the operator. */
  readonly by: string;
  /** The end of the sanction, in ms since 1970. Undefined: the sanction has no end. */
  readonly until: number | undefined;
  readonly note: string | undefined;
}

/** Carries out an operator's requests about players. Each operation is idempotent. */
@Injectable()
export class PlayerOperations {
  constructor(
    private readonly sanctions: Sanctions,
    private readonly sessions: SessionStore,
    private readonly gateways: GatewayPlayers,
    private readonly clock: StoreClock,
  ) {}

  /** Ends the session of a user. The user leaves the room, and may log in again. Returns false when the user has no session. */
  async kick(user: UserId): Promise<boolean> {
    return this.endSession(user, 'kicked');
  }

  /**
   * Refuses every login of a user, and ends the user's session. Writes the ban first. So a login at the same time either sees the ban, or
   * this method finds and ends its session.
   */
  async ban(user: UserId, request: SanctionRequest): Promise<Answered<typeof BanAnswer>> {
    const ban = await this.impose('ban', user, request);
    return { ban, kicked: await this.endSession(user, 'suspended') };
  }

  async mute(user: UserId, request: SanctionRequest): Promise<Sanction> {
    return this.impose('mute', user, request);
  }

  /** Lifts a sanction. Returns false when the user has no sanction of this kind. */
  async lift(kind: SanctionKind, user: UserId): Promise<boolean> {
    return this.sanctions.lift(kind, user);
  }

  private async impose(kind: SanctionKind, user: UserId, { by, until, note }: SanctionRequest): Promise<Sanction> {
    checkUser(user);
    const now = this.clock.storeTime();
    if (until !== undefined && until <= now)
      throw new HoldfastError('bad-data', `until is ${until}: it must be in the future, in ms since 1970; now it is ${Math.round(now)}`);
    return this.sanctions.impose(kind, { user, until: until ?? null, by, note: note ?? null });
  }

  /**
   * Revokes the session in the store first, so that it cannot be resumed. If the request to the gateway is lost, the gateway detects within
   * half a minute that the session has ended, and closes the connection. If the gateway dies, its cleanup marks the user as away.
   */
  private async endSession(user: UserId, code: 'kicked' | 'suspended'): Promise<boolean> {
    const found = await this.sessions.find(user);
    if (!found) return false;
    const gateway = await this.sessions.revoke(found);
    if (gateway) await this.gateways.disconnect(gateway, found.session, code);
    return true;
  }
}

/** Maximum length of a user id in characters. No user id is longer, because the `sub` of a token has at most this number of bytes. */
const USER_ID_MAX = 512;

/** @throws `bad-data` for an id that no user can have */
function checkUser(user: string): void {
  if (user.length === 0 || user.length > USER_ID_MAX)
    throw new HoldfastError('bad-data', `The user id has ${user.length} characters: it must have 1 to ${USER_ID_MAX}.`);
}
