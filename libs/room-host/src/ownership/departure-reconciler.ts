import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type RoomDoc, RoomRecords } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { RoomClock } from '../engine/room-clock.js';
import { RoomEngine } from '../engine/room-engine.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/**
 * Finds departures whose report was lost. A gateway reports a departure only one time, perhaps while the owner changes. The record is
 * reliable: a user who is not a member of the room has left its game. So this class reads the record whenever a report may have been
 * lost: when a room is loaded here, when a migration fails, and when a player is away.
 */
@Injectable()
export class DepartureReconciler implements OnModuleInit {
  constructor(
    private readonly records: RoomRecords,
    private readonly engine: RoomEngine,
    private readonly log: Log,
    private readonly rooms: HostedRooms,
    private readonly clock: RoomClock,
  ) {}

  onModuleInit(): void {
    this.rooms.onAdded((room) => this.removeDeparted(room, room.doc));
    this.clock.onAway((room) => void this.reconcile(room));
  }

  /** Never rejects. When the store does not answer, the grace of the seat ends all the same. */
  async reconcile(room: HostedRoom): Promise<void> {
    try {
      const record = await this.records.read(room.id);
      if (record?.status === 'playing' && record.epoch === room.tenure.epoch) this.removeDeparted(room, record.doc);
    } catch (error) {
      this.log.debug('departures.read-failed', { roomId: room.id, error });
    }
  }

  private removeDeparted(room: HostedRoom, { members }: RoomDoc): void {
    for (const [seat, { user, presence }] of room.value.seats.entries()) {
      if (presence === 'left' || room.bySeat.has(seat) || members.some((member) => member.user === user)) continue;
      this.engine.input(room, { kind: 'seat', seat, event: 'left' });
    }
  }
}
