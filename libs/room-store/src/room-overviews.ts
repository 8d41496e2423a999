import { Injectable } from '@nestjs/common';
import type { RoomId, RoomStatus } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { decodeRoomDoc } from './room-doc-codec.js';
import { roomKey } from './room-keys.js';
import { ownerOf, type RoomDoc, type RoomOwnership } from './room-record.js';

/** The fields of a record that change during a game. They do not include the document. */
export interface RoomOverview {
  readonly rev: number;
  readonly status: RoomStatus;
  readonly owner: RoomOwnership | null;
  readonly version: number;
  readonly since: number;
}

/** Reads a few fields of many records, for lists of all rooms. */
@Injectable()
export class RoomOverviews {
  constructor(private readonly redis: RedisConnections) {}

  /** Reads the overviews, in the order of the ids. Null: there is no room with this id. */
  async read(rooms: readonly RoomId[]): Promise<(RoomOverview | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(
      rooms.map((room) => commands.hmget(roomKey(room), 'rev', 'status', 'owner', 'incarnation', 'version', 'since')),
    );
    return all.map(([rev, status, owner, incarnation, version, since]) => {
      if (!rev) return null;
      const numbers = { rev: Number(rev), version: Number(version ?? 0), since: Number(since ?? 0) };
      return { ...numbers, status: status as RoomStatus, owner: ownerOf(owner, incarnation) };
    });
  }

  /** Reads game and document, in the order of the ids. Null: there is no room with this id, or its document cannot be read. */
  async readDocs(rooms: readonly RoomId[]): Promise<({ readonly game: string; readonly doc: RoomDoc } | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(rooms.map((room) => commands.hmget(roomKey(room), 'game', 'doc')));
    return all.map(([game, doc]) => {
      if (!doc) return null;
      try {
        return { game: game ?? '', doc: decodeRoomDoc(doc) };
      } catch {
        return null;
      }
    });
  }
}
