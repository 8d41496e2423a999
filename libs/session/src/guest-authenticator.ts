import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { HoldfastError, type UserId } from '#libs/protocol';
import { Authenticator, type Credentials, type Identity } from './authenticator.js';
import { NAME_CHARACTERS_MAX, playerName } from './player-name.js';

/** 72 bits: two guests never meet under one id. */
const GUEST_ID_BYTES = 9;

/** Anyone is welcome, as a new user each time; a guest comes back by resuming the session. */
@Injectable()
export class GuestAuthenticator extends Authenticator {
  async authenticate({ name = 'guest' }: Credentials): Promise<Identity> {
    const shown = playerName(name);
    if (shown === null) throw new HoldfastError('unauthorized', `A name has 1 to ${NAME_CHARACTERS_MAX} visible characters.`);
    return { user: `guest:${randomBytes(GUEST_ID_BYTES).toString('base64url')}` as UserId, name: shown };
  }
}
