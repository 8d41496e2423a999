import { Injectable } from '@nestjs/common';

export interface Account {
  readonly id: string;
  readonly name: string;
}

/** The accounts of the players. A real provider reads them from a database. */
@Injectable()
export class Accounts {
  private readonly byKey = new Map<string, Account>([['key-of-ada', { id: 'ada', name: 'Ada' }]]);

  async withKey(key: string): Promise<Account | null> {
    return this.byKey.get(key) ?? null;
  }

  async withId(id: string): Promise<Account | null> {
    return [...this.byKey.values()].find((account) => account.id === id) ?? null;
  }
}
