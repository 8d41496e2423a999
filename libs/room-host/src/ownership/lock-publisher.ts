import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RoomRecords } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { Appender } from '../durability/appender.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/** Delay before a failed write is repeated, in ms. */
const RETRY_MS = 500;

/**
 * Copies the lock of each joinable room from the room's value to its record, because lobbies read only the record. Copies it after each
 * change of the lock, and when a room is loaded on this server.
 */
@Injectable()
export class LockPublisher implements OnModuleInit {
  private readonly writing = new Set<HostedRoom>();

  constructor(
    private readonly records: RoomRecords,
    private readonly rooms: HostedRooms,
    private readonly appender: Appender,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.rooms.onAdded((room) => {
      if (room.machine.rules.definition.joinable) void this.publish(room);
    });
    this.appender.onCommitted(({ room, before }) => {
      if (before.locked !== room.durable.locked && room.machine.rules.definition.joinable) void this.publish(room);
    });
  }

  /**
   * Repeats the write until the record has the current lock. Stops when the store refuses the write because this server does not own the
   * room. Never rejects.
   */
  private async publish(room: HostedRoom): Promise<void> {
    if (this.writing.has(room)) return;
    this.writing.add(room);
    try {
      let written: boolean | null = null;
      while (room.status !== 'dropped' && !room.durable.ended && written !== isLocked(room)) {
        const wanted = isLocked(room);
        try {
          if (!(await this.records.lock(room.id, room.tenure, wanted))) return;
          written = wanted;
        } catch (error) {
          this.log.debug('lock.write-failed', { roomId: room.id, error });
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
        }
      }
    } finally {
      this.writing.delete(room);
    }
  }
}

function isLocked(room: HostedRoom): boolean {
  return room.durable.locked === true;
}
