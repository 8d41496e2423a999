import { Injectable } from '@nestjs/common';
import { ServerDirectory } from '#libs/fleet';
import { HoldfastError, type RoomId } from '#libs/protocol';
import { type IndexEntry, isReady, RoomLog, type RoomRecord, RoomRecords } from '#libs/room-store';
import { ROOMS_READ_AT_ONCE, ROOMS_READ_MAX } from './admin.options.js';
import type { AdminRoomView, HistoryAnswer, RoomsAnswer, RoomsQuery } from './schemas.js';
import { fullId } from './server-reader.js';

/** Reads rooms in the form in which the admin API shows them. */
@Injectable()
export class RoomReader {
  constructor(
    private readonly records: RoomRecords,
    private readonly roomLog: RoomLog,
    private readonly directory: ServerDirectory,
  ) {}

  /**
   * Lists rooms, newest first. Reads a bounded part of the index, so a page may be short when few rooms match. `next`: the cursor of the
   * next page. Null: this is the last page.
   */
  async page(query: RoomsQuery): Promise<RoomsAnswer> {
    const total = await this.records.count();
    if (query.server !== undefined) return { ...(await this.pageOf(query, query.server)), total };
    const rooms: AdminRoomView[] = [];
    let at = cursorOf(query.after);
    for (let read = 0; read < ROOMS_READ_MAX; read += ROOMS_READ_AT_ONCE) {
      const entries = await this.records.page(at, ROOMS_READ_AT_ONCE);
      const records = await this.records.readMany(entries.map(({ room }) => room));
      for (const [index, record] of records.entries()) {
        at = entries[index]!;
        if (record && matches(record, query)) rooms.push(viewOf(record));
        if (rooms.length === query.limit) return { rooms, next: textOf(at), total };
      }
      if (entries.length < ROOMS_READ_AT_ONCE) return { rooms, next: null, total };
    }
    return { rooms, next: at && textOf(at), total };
  }

  async one(room: RoomId): Promise<AdminRoomView> {
    return viewOf(await this.record(room));
  }

  async record(room: RoomId): Promise<RoomRecord> {
    const record = await this.records.read(room);
    if (!record) throw new HoldfastError('room-unknown');
    return record;
  }

  async history(room: RoomId, limit: number): Promise<HistoryAnswer> {
    const [{ version }, changes] = await Promise.all([this.record(room), this.roomLog.recent(room, limit)]);
    return {
      room,
      version,
      changes: changes.map(({ version, at, events = [], seats = {}, patches, delta, ended = null }) => ({
        version,
        at,
        events: events.map((event) => ({ ...event, to: event.to && [...event.to] })),
        seats: { ...seats },
        patches: patches?.length ?? null,
        deltaBytes: delta?.length ?? null,
        ended,
      })),
    };
  }

  /**
   * Returns a page of the rooms of one server. Reads all rooms of the server, because they are few and their ids are stored in one place.
   */
  private async pageOf(query: RoomsQuery, server: string): Promise<Omit<RoomsAnswer, 'total'>> {
    const owner = this.directory.get(fullId(server));
    if (!owner) throw new HoldfastError('not-found', `There is no server ${server}.`);
    const after = cursorOf(query.after);
    const records = await this.records.readMany(await this.records.roomsOf(owner.id, owner.incarnation));
    const mine = records
      .filter((record) => record !== null)
      .filter((record) => record.owner?.server === owner.id && record.owner.incarnation === owner.incarnation && matches(record, query))
      .sort((a, b) => b.doc.createdAt - a.doc.createdAt || (a.id < b.id ? 1 : -1))
      .filter(({ id, doc: { createdAt } }) => !after || createdAt < after.createdAt || (createdAt === after.createdAt && id < after.room));
    const rooms = mine.slice(0, query.limit).map(viewOf);
    const last = rooms.at(-1);
    return { rooms, next: mine.length > rooms.length && last ? textOf({ room: last.id as RoomId, createdAt: last.createdAt }) : null };
  }
}

function matches({ game, status }: RoomRecord, wanted: RoomsQuery): boolean {
  return (wanted.game === undefined || wanted.game === game) && (wanted.status === undefined || wanted.status === status);
}

export function viewOf(record: RoomRecord): AdminRoomView {
  const { id, game, status, owner, epoch, version, round, durability, since, result, doc } = record;
  return {
    id,
    game,
    name: doc.name,
    status,
    private: doc.private,
    region: doc.region ?? doc.near ?? null,
    build: doc.build ?? null,
    owner: owner && { ...owner },
    epoch,
    version,
    round,
    durability,
    seats: doc.seats,
    members: doc.members.map((member) => ({ user: member.user, name: member.name, ready: isReady(record, member), here: member.here })),
    players: status === 'playing' ? [...doc.players] : [],
    createdAt: doc.createdAt,
    since,
    result: result && { ...result },
  };
}

/** Formats a cursor for a URL: `<createdAt>.<room>`. */
function textOf({ room, createdAt }: IndexEntry): string {
  return `${createdAt}.${room}`;
}

export function cursorOf(text: string | undefined): IndexEntry | null {
  if (text === undefined || text === '') return null;
  const [, createdAt, room] = /^(\d{1,16})\.(.+)$/.exec(text) ?? [];
  if (room === undefined) throw new HoldfastError('bad-data', '`after` must be the `next` of a page of rooms.');
  return { room: room as RoomId, createdAt: Number(createdAt) };
}
