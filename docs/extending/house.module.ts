import { Module } from '@nestjs/common';
import { AccountDirectory } from './account-directory.js';
import { Accounts } from './accounts.js';
import { EvenLoad } from './even-load.js';
import { EventLog } from './event-log.js';
import { KeyAuthenticator } from './key-authenticator.js';
import { OldestFirst } from './oldest-first.js';
import { UnixTransport } from './unix-transport.js';
import { WordFilter } from './word-filter.js';

/** The extensions that every server of this fleet imports. A server ignores those for which it has no port. */
@Module({
  providers: [Accounts, KeyAuthenticator, AccountDirectory, EvenLoad, OldestFirst, EventLog, WordFilter, UnixTransport],
})
export class HouseModule {}
