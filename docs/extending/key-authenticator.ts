import { Authenticator, Extension, HoldfastError, type Identity, type LoginProof, type UserId } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';
import { Accounts } from './accounts.js';

/** Accepts the keys of accounts as tokens. */
@Injectable()
@Extension(Authenticator)
export class KeyAuthenticator extends Authenticator {
  constructor(private readonly accounts: Accounts) {
    super();
  }

  override async authenticate({ token = '' }: LoginProof): Promise<Identity> {
    const account = await this.accounts.withKey(token);
    if (!account) throw new HoldfastError('unauthorized', 'This key belongs to no account.');
    return { user: account.id as UserId, name: account.name };
  }
}
