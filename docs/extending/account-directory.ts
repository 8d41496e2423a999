import { Extension, UserDirectory, type UserId } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';
import { Accounts } from './accounts.js';

/** Knows the names of all accounts, also of players who are not connected. */
@Injectable()
@Extension(UserDirectory)
export class AccountDirectory extends UserDirectory {
  constructor(private readonly accounts: Accounts) {
    super();
  }

  override async namesOf(users: readonly UserId[]): Promise<ReadonlyMap<UserId, string>> {
    const accounts = await Promise.all(users.map((user) => this.accounts.withId(user)));
    return new Map(users.flatMap((user, index) => (accounts[index] ? [[user, accounts[index].name] as const] : [])));
  }
}
