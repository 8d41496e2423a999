import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GUEST_PREFIX, HoldfastError, type UserId } from '#libs/protocol';
import { Authenticator, type Identity, type LoginProof } from './authenticator.js';
import { checkPlayerName } from './player-name.js';

/** Number of random bytes in a guest's id. With 72 random bits, two guests practically never get the same id. */
const GUEST_ID_BYTES = 9;

/**
 * Accepts every player, as a new user each time. A guest who logs in again is another user. Only a resumed session has the same user as
 * before.
 */
@Injectable()
export class GuestAuthenticator extends Authenticator {
  async authenticate({ name = 'guest' }: LoginProof): Promise<Identity> {
    const checked = checkPlayerName(name);
    if (!checked.ok) throw new HoldfastError('unauthorized', `The name ${checked.flaw}.`);
    return { user: `${GUEST_PREFIX}${randomBytes(GUEST_ID_BYTES).toString('base64url')}` as UserId, name: checked.name };
  }
}
