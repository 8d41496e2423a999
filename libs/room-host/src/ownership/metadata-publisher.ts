import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RoomRecords, StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { Appender } from '../durability/appender.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/**
 * Shortest time between two writes of the metadata of one room, in ms. Without this limit, a game that changes its metadata in each step
 * could overload Redis.
 */
const METADATA_EVERY_MS = 500;

/**
 * Copies the metadata of each room (`room.setMetadata`) from the room's durable value to its record, from which lobbies read it for the
 * list of rooms. Writes the metadata when it changes, when a room with metadata is loaded on this server, and after each reconnect to the
 * store. Changes that are made during a write share one further write.
 */
@Injectable()
export class MetadataPublisher implements OnModuleInit {
  private readonly writing = new Set<HostedRoom>();
  /** The rooms whose metadata must be written even without a change, because the record possibly lacks them. */
  private readonly stale = new Set<HostedRoom>();

  constructor(
    private readonly records: RoomRecords,
    private readonly rooms: HostedRooms,
    private readonly appender: Appender,
    private readonly generation: StoreGeneration,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.rooms.onAdded((room) => this.publishAgain(room));
    this.appender.onCommitted(({ room, before }) => {
      if (before.metadata !== room.durable.metadata) void this.publish(room);
    });
    this.generation.onConnected(() => {
      for (const room of this.rooms.all()) this.publishAgain(room);
    });
  }

  private publishAgain(room: HostedRoom): void {
    if (!room.durable.metadata) return;
    this.stale.add(room);
    void this.publish(room);
  }

  /**
   * Repeats the write until the record has the current metadata. Stops when the store refuses the write because this server does not own
   * the room. Never rejects.
   */
  private async publish(room: HostedRoom): Promise<void> {
    if (this.writing.has(room)) return;
    this.writing.add(room);
    try {
      let written: unknown;
      this.stale.add(room);
      while (isPlayed(room) && (this.stale.has(room) || written !== room.durable.metadata)) {
        const { metadata } = room.durable;
        this.stale.delete(room);
        try {
          if (!(await this.records.setMetadata(room.id, room.tenure, metadata ?? null))) return;
          written = metadata;
        } catch (error) {
          this.stale.add(room);
          this.log.debug('metadata.write-failed', { roomId: room.id, error });
        }
        await pause(METADATA_EVERY_MS, undefined, { ref: false });
      }
    } finally {
      this.stale.delete(room);
      this.writing.delete(room);
    }
  }
}

function isPlayed(room: HostedRoom): boolean {
  return room.status !== 'dropped' && !room.durable.ended;
}
