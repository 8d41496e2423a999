import { Injectable } from '@nestjs/common';
import type { RoomId, Seat } from '#libs/protocol';
import { Log, Metrics } from '#libs/telemetry';
import type { HostedRoom } from './hosted-room.js';
import { usersOf } from './users-of.js';

/** The rooms that this process owns. A dropped room writes and sends nothing any more. */
@Injectable()
export class HostedRooms {
  private readonly rooms = new Map<RoomId, HostedRoom>();
  private readonly dropped: ((room: HostedRoom, reason: string) => void)[] = [];
  private readonly added: ((room: HostedRoom) => void)[] = [];
  private readonly taken: ((room: HostedRoom, seat: Seat) => void)[] = [];

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  get(id: RoomId): HostedRoom | undefined {
    return this.rooms.get(id);
  }

  all(): IterableIterator<HostedRoom> {
    return this.rooms.values();
  }

  get size(): number {
    return this.rooms.size;
  }

  get players(): number {
    let count = 0;
    for (const room of this.rooms.values()) count += room.bySeat.size;
    return count;
  }

  add(room: HostedRoom): void {
    this.rooms.set(room.id, room);
    this.metrics.rooms.inc({ game: room.value.game, state: 'playing' });
    for (const listener of this.added) listener(room);
  }

  /**
   * Drops a room that this server does not own according to the store. Keeps a room whose handoff was sent, because the migrator needs this
   * copy of the room until another server has loaded the room.
   */
  fenced(room: HostedRoom): void {
    if (room.handingTo === null) this.drop(room, 'fenced');
  }

  drop(room: HostedRoom, reason: 'ended' | 'fenced' | 'moved' | 'evicted' | 'conflict'): void {
    if (room.status === 'dropped') return;
    room.become('dropped');
    if (this.rooms.get(room.id) === room) this.rooms.delete(room.id);
    this.metrics.rooms.dec({ game: room.value.game, state: 'playing' });
    const { id: roomId, round, value, tenure } = room;
    const facts = { roomId, game: value.game, round, epoch: tenure.epoch, users: usersOf(room) };
    if (reason === 'ended') this.log.life('game.ended', { ...facts, reason: value.ended?.reason ?? 'finished' });
    else if (reason !== 'moved') this.log.life('room.dropped', { ...facts, reason });
    for (const listener of this.dropped) listener(room, reason);
  }

  /** Reports that another player now has the seat of a former player, so that the session of the former player is detached. */
  seatTaken(room: HostedRoom, seat: Seat): void {
    for (const listener of this.taken) listener(room, seat);
  }

  onSeatTaken(listener: (room: HostedRoom, seat: Seat) => void): void {
    this.taken.push(listener);
  }

  onAdded(listener: (room: HostedRoom) => void): void {
    this.added.push(listener);
  }

  onDropped(listener: (room: HostedRoom, reason: string) => void): void {
    this.dropped.push(listener);
  }
}
