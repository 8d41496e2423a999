import { Injectable } from '@nestjs/common';
import type { RoomId, UserId } from '#libs/protocol';
import { StoredGames } from '#libs/room-store';
import { SessionStore } from '#libs/session';
import { RoomReader } from '../room-reader.js';
import type { RoomDetail } from './room-schemas.js';

/** Maximum number of members whose connections one answer shows. Each of these members needs two Redis commands. */
const CONNECTIONS_MAX = 200;

/** Reads one room with the connections of its members and the versions of its log. */
@Injectable()
export class RoomDetailReader {
  constructor(
    private readonly rooms: RoomReader,
    private readonly games: StoredGames,
    private readonly sessions: SessionStore,
  ) {}

  async read(room: RoomId): Promise<RoomDetail> {
    const [view, log] = await Promise.all([this.rooms.one(room), this.games.range(room)]);
    const users = view.members.slice(0, CONNECTIONS_MAX).map(({ user }) => user);
    const connections = await Promise.all(
      users.map(async (user) => {
        const session = await this.sessions.find(user as UserId);
        return { user, gateway: session?.gateway ?? null, away: session?.isAway ?? true };
      }),
    );
    return { ...view, connections, log };
  }
}
