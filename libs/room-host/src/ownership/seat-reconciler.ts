import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { UserId } from '#libs/protocol';
import { type RoomDoc, RoomRecords } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { Appender } from '../durability/appender.js';
import { RoomClock } from '../engine/room-clock.js';
import { RoomEngine } from '../engine/room-engine.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/**
 * Makes the seats of a game agree with the record of its room. The record decides. A lobby assigns the seats of a running game by
 * compare-and-set, and a user who is not a member of the room has left its game. A message about seats could be lost, so the owner reads
 * the record. It does so when a player without a seat attaches, when a room is loaded here, when a migration fails, and when a player is
 * away.
 */
@Injectable()
export class SeatReconciler implements OnModuleInit {
  /** Players who wait until the version with their seat is durable. */
  private readonly waiters = new Map<HostedRoom, { readonly version: number; readonly resolve: () => void }[]>();

  constructor(
    private readonly records: RoomRecords,
    private readonly engine: RoomEngine,
    private readonly log: Log,
    private readonly rooms: HostedRooms,
    private readonly clock: RoomClock,
    private readonly appender: Appender,
  ) {}

  onModuleInit(): void {
    this.rooms.onAdded((room) => this.follow(room, room.doc, null));
    this.rooms.onDropped((room) => this.resolve(room, Number.POSITIVE_INFINITY));
    this.clock.onAway((room) => void this.reconcile(room));
    this.appender.onCommitted(({ room }) => this.resolve(room, room.durable.version));
  }

  /** Makes the seats agree with the record in the store. Never rejects: when the store does not answer, a later call reads the record. */
  async reconcile(room: HostedRoom, attaching: UserId | null = null): Promise<void> {
    try {
      const record = await this.records.read(room.id);
      if (record?.status !== 'playing' || record.epoch !== room.tenure.epoch || record.rev < room.rev) return;
      // Keeps the lobby's part of the record. If the store loses the record, this server writes this part into the store again.
      room.doc = record.doc;
      room.rev = record.rev;
      this.follow(room, record.doc, attaching);
    } catch (error) {
      this.log.debug('seats.read-failed', { roomId: room.id, error });
    }
  }

  /**
   * When a player attaches, gives this player the seat that the record names. Resolves when the seat is durable, or when it is clear that
   * the player gets no seat. Null: the player already has a durable seat, or the game takes no players after its start.
   */
  admit(room: HostedRoom, user: UserId): Promise<void> | null {
    if (!isJoinable(room)) return null;
    return room.isSeated(user) ? null : this.admitUnseated(room, user);
  }

  private async admitUnseated(room: HostedRoom, user: UserId): Promise<void> {
    if (room.seatOf(user) === null) await this.reconcile(room, user);
    const { version } = room.value;
    if (room.seatOf(user) === null || room.durable.version >= version || room.status === 'dropped') return;
    await new Promise<void>((resolve) => {
      const waiters = this.waiters.get(room);
      if (waiters) waiters.push({ version, resolve });
      else this.waiters.set(room, [{ version, resolve }]);
    });
  }

  private resolve(room: HostedRoom, version: number): void {
    const waiters = this.waiters.get(room);
    if (!waiters) return;
    const rest = waiters.filter((waiter) => waiter.version > version);
    if (rest.length > 0) this.waiters.set(room, rest);
    else this.waiters.delete(room);
    for (const waiter of waiters) if (waiter.version <= version) waiter.resolve();
  }

  private follow(room: HostedRoom, doc: RoomDoc, attaching: UserId | null): void {
    // Adds new players before it removes departed ones, because a game ends when its last player leaves.
    if (isJoinable(room)) this.seatJoined(room, doc, attaching);
    this.removeDeparted(room, doc);
  }

  private seatJoined(room: HostedRoom, { members, players }: RoomDoc, attaching: UserId | null): void {
    for (const [seat, user] of players.entries()) {
      const member = members.find((one) => one.user === user);
      const before = room.value.seats[seat];
      // After the grace of a user, the record can still list the user in the seat. This user gets the seat back only by attaching again.
      const isKnown = before?.user === user && !before.bot && (before.presence !== 'left' || user !== attaching);
      if (!member || isKnown) continue;
      const { name, claims, team } = member;
      const about = { name, ...(claims && { claims }), ...(team !== undefined && { team }) };
      if (this.engine.input(room, { kind: 'seat', seat, event: 'joined', user, ...about }).kind !== 'changed') continue;
      this.rooms.seatTaken(room, seat);
      room.seatTaken(seat);
      this.clock.seatEmptied(room, seat);
    }
  }

  private removeDeparted(room: HostedRoom, { members }: RoomDoc): void {
    for (const [seat, { user, presence, bot }] of room.value.seats.entries()) {
      if (bot || presence === 'left' || room.bySeat.has(seat) || members.some((member) => member.user === user)) continue;
      this.engine.input(room, { kind: 'seat', seat, event: 'left' });
    }
  }
}

function isJoinable(room: HostedRoom): boolean {
  return room.machine.rules.definition.joinable === true;
}
