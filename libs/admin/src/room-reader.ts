import { Injectable } from '@nestjs/common';
import { ServerDirectory } from '#libs/fleet';
import { HoldfastError, type RoomId } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { type IndexEntry, isReady, type RoomRecord, RoomRecords } from '#libs/room-store';
import { catalogPage } from './rooms/catalog-page.js';
import { catalogRoomOf, RoomCatalog } from './rooms/room-catalog.js';
import type { AdminRoomView, RoomsAnswer, RoomsQuery } from './schemas.js';
import { fullId } from './server-reader.js';

/** Reads rooms in the form in which the admin API shows them. */
@Injectable()
export class RoomReader {
  constructor(
    private readonly records: RoomRecords,
    private readonly directory: ServerDirectory,
    private readonly catalog: RoomCatalog,
    private readonly clock: StoreClock,
  ) {}

  /**
   * Lists rooms. A query for one server reads the index of this server. A query for all rooms, newest first, reads one page of the index of
   * all rooms. For all other queries, the rooms are chosen from the catalog in memory, and only the rooms of the page are read. So no
   * request reads all rooms.
   */
  async page(query: RoomsQuery): Promise<RoomsAnswer> {
    const total = await this.records.count();
    if (query.server !== undefined) return { ...(await this.pageOfServer(query, query.server)), total };
    if (isWholeIndex(query)) return { ...(await this.pageOfIndex(query)), matched: total, total };
    const { rooms: all, asOf, isComplete } = await this.catalog.read();
    const { rooms, next, matched } = catalogPage(all, query, (room) => this.isOwnerless(room));
    return { rooms: await this.views(rooms), next, matched, total, asOf, complete: isComplete };
  }

  private async pageOfIndex({ after, limit }: RoomsQuery): Promise<Omit<RoomsAnswer, 'total' | 'matched'>> {
    const entries = await this.records.page(cursorOf(after), limit);
    const last = entries.length < limit ? null : entries.at(-1)!;
    const rooms = await this.views(entries.map(({ room }) => room));
    return { rooms, next: last && textOf(last), asOf: this.now(), complete: true };
  }

  /** Reads rooms as they are now. Omits each room that was closed after the query chose it. */
  private async views(rooms: readonly RoomId[]): Promise<AdminRoomView[]> {
    return (await this.records.readMany(rooms)).flatMap((record) => (record ? this.viewOf(record) : []));
  }

  async one(room: RoomId): Promise<AdminRoomView> {
    return this.viewOf(await this.records.mustRead(room));
  }

  /** Returns a page of the rooms of one server. Reads all of them, because their number is limited and one index has their ids. */
  private async pageOfServer(query: RoomsQuery, server: string): Promise<Omit<RoomsAnswer, 'total'>> {
    const owner = this.directory.get(fullId(server));
    if (!owner) throw new HoldfastError('not-found', `There is no server ${server}.`);
    const records = await this.records.readMany(await this.records.roomsOf(owner.id, owner.incarnation));
    const mine = records.filter((record) => record?.owner?.server === owner.id && record.owner.incarnation === owner.incarnation);
    const byId = new Map(mine.flatMap((record) => (record ? [[record.id, record]] : [])));
    const { rooms, next, matched } = catalogPage([...byId.values()].map(catalogRoomOf), query, (room) => this.isOwnerless(room));
    const views = rooms.flatMap((room) => this.viewOf(byId.get(room)!));
    return { rooms: views, next, matched, asOf: this.now(), complete: true };
  }

  private viewOf(record: RoomRecord): AdminRoomView {
    return viewOf(record, this.isOwnerless(record));
  }

  /** Returns whether a room has a game in play, but no owner that is alive in the directory of this gateway. */
  private isOwnerless({ status, owner }: Pick<RoomRecord, 'status' | 'owner'>): boolean {
    if (status !== 'playing') return false;
    const server = owner ? this.directory.get(owner.server) : undefined;
    return !owner || !server || server.state === 'dead' || server.incarnation !== owner.incarnation;
  }

  private now(): number {
    return Math.round(this.clock.storeTime());
  }
}

/** Returns whether a query asks for all rooms, newest first, which is the order of the index. */
function isWholeIndex({ q, game, status, ownerless, sort, order }: RoomsQuery): boolean {
  return (
    (q ?? '') === '' && game === undefined && status === undefined && ownerless === undefined && sort === 'created' && order === 'desc'
  );
}

export function viewOf(record: RoomRecord, ownerless: boolean): AdminRoomView {
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
    ownerless,
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
