import { Injectable } from '@nestjs/common';
import { KeyRotation } from '#libs/async';
import { type OpenRoom, TicketStore } from '#libs/matchmaking';
import { type MatchRules, type RoomId, rulesOfMode } from '#libs/protocol';
import { type IndexEntry, type RoomRecord, RoomRecords } from '#libs/room-store';
import { BACKFILL_READ_MS, BACKFILL_ROOMS, ROOM_REFUSED_MS } from './lobby.options.js';

/** The position at which the next read of the rooms of one game continues. */
interface Progress {
  /** The last room of the last page of public rooms. Null: the next read begins with the first page. */
  after: IndexEntry | null;
  /** The cursor for the next read of the rooms of matches. */
  cursor: string;
  /** The rooms that had a free seat at their last read. They are read more often than the other rooms. */
  readonly vacant: Set<RoomId>;
  readonly turns: KeyRotation<RoomId>;
  /** The result of the last read. */
  rooms: readonly OpenRoom[];
  /** The time of the last read, in ms of the monotonic clock. */
  readAt: number;
  /** Number of calls of `readAgain`. If the number changes during a read, the read has possibly missed the change of a room. */
  changes: number;
}

/**
 * Finds the rooms with free seats that matchmaking may fill. Each read covers a limited number of records and begins where the previous
 * read ended, so every room is read from time to time.
 */
@Injectable()
export class OpenRooms {
  private readonly games = new Map<string, Progress>();
  /**
   * The rooms that refused players, with the time of the refusal in ms of the monotonic clock. Matchmaking does not fill these rooms for
   * `ROOM_REFUSED_MS`.
   */
  private readonly refused = new Map<RoomId, number>();

  constructor(
    private readonly tickets: TicketStore,
    private readonly records: RoomRecords,
  ) {}

  /**
   * Reads the next rooms and returns the rooms with free seats. Within `BACKFILL_READ_MS` after a read, returns the rooms of this read
   * again.
   */
  async next(game: string, rules: MatchRules): Promise<readonly OpenRoom[]> {
    const progress = this.progressOf(game);
    if (performance.now() - progress.readAt < BACKFILL_READ_MS) return progress.rooms;
    const { vacant, turns, changes } = progress;
    const listed = await this.records.listed(game, progress.after, BACKFILL_ROOMS);
    const made = await this.tickets.openRooms(game, progress.cursor, BACKFILL_ROOMS);
    const due = turns.next(() => vacant, BACKFILL_ROOMS);
    const ids = [...new Set([...listed.map(({ room }) => room), ...made.rooms, ...due])];
    const records = await this.records.readMany(ids);
    const missing = new Set(ids.filter((_, index) => records[index] === null));
    const over = made.rooms.filter((id) => missing.has(id));
    if (over.length > 0) await this.tickets.removeOpenRooms(game, over);
    for (const [room, at] of this.refused) if (performance.now() - at > ROOM_REFUSED_MS) this.refused.delete(room);
    const rooms = records.flatMap((record) => (record && openRoomOf(record, rules)) || []);
    for (const id of ids) vacant.delete(id);
    for (const { room } of rooms) vacant.add(room);
    progress.after = listed.length < BACKFILL_ROOMS ? null : listed.at(-1)!;
    progress.cursor = made.next;
    progress.rooms = rooms.filter(({ room }) => !this.refused.has(room));
    if (progress.changes === changes) progress.readAt = performance.now();
    return progress.rooms;
  }

  /**
   * Drops the result of the last read, because a room has changed. `refused`: the room that refused a player. Null: no room refused a
   * player.
   */
  readAgain(game: string, refused: RoomId | null): void {
    if (refused !== null) this.refused.set(refused, performance.now());
    const progress = this.progressOf(game);
    progress.readAt = Number.NEGATIVE_INFINITY;
    progress.changes += 1;
  }

  private progressOf(game: string): Progress {
    const known = this.games.get(game) ?? {
      after: null,
      cursor: '0',
      vacant: new Set(),
      turns: new KeyRotation(),
      rooms: [],
      readAt: Number.NEGATIVE_INFINITY,
      changes: 0,
    };
    this.games.set(game, known);
    return known;
  }
}

/**
 * Returns the record as a room that matchmaking can fill. Null: the room has no free seat for players of a match, or the rules exclude the
 * room.
 */
function openRoomOf(record: RoomRecord, rules: MatchRules): OpenRoom | null {
  const { doc, status, game, id } = record;
  const mode = doc.backfill?.mode;
  const { backfill } = rulesOfMode(rules, mode) ?? { backfill: null };
  const running = status === 'playing';
  const isWanted = running ? backfill?.running && !record.isLocked : status === 'waiting' && backfill?.waiting && !doc.private;
  const free = doc.seats - doc.members.length;
  if (!isWanted || free <= 0 || doc.members.length === 0 || doc.locked || doc.password || doc.inviteOnly) return null;
  const players = doc.members.map(({ user, name, claims }) => ({ user, name, ...(claims && { claims }) }));
  const teams = doc.teams && Array.from({ length: doc.teams.count }, (_, team) => doc.members.filter((one) => one.team === team));
  return {
    room: id,
    game,
    running,
    free,
    players,
    since: 0,
    ...(mode !== undefined && { mode }),
    ...(doc.banned?.length && { banned: doc.banned.map(({ user }) => user) }),
    ...(doc.options && { options: doc.options }),
    ...(teams && { teams: teams.map((team) => team.map(({ user }) => user)) }),
    ...(doc.region !== undefined && { region: doc.region }),
  };
}
