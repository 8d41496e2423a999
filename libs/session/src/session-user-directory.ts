import { Injectable } from '@nestjs/common';
import type { UserId } from '#libs/protocol';
import { SessionStore } from './session-store.js';
import { UserDirectory } from './user-directory.js';

/** Finds the users who have a session now. Returns the names with which they logged in. */
@Injectable()
export class SessionUserDirectory extends UserDirectory {
  constructor(private readonly sessions: SessionStore) {
    super();
  }

  override async namesOf(users: readonly UserId[]): Promise<ReadonlyMap<UserId, string>> {
    const found = await Promise.all(users.map((user) => this.sessions.find(user)));
    return new Map(found.flatMap((session) => (session ? [[session.user, session.name]] : [])));
  }
}
