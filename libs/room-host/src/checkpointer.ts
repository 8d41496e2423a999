import { Inject, Injectable } from '@nestjs/common';
import { RoomLog } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { Appender, type Committed } from './appender.js';
import type { HostedRoom } from './hosted-room.js';
import { HostedRooms } from './hosted-rooms.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from './room-host.options.js';

/** Checkpoints on their way at once: each is a whole state, and they must not crowd out appends. */
const CONCURRENT_MAX = 8;

/**
 * Keeps logs short: after so many changes, bytes or so much time the whole value replaces the log behind it. A room of
 * durability `checkpoint` lives by these alone.
 */
@Injectable()
export class Checkpointer {
  private readonly waiting = new Set<HostedRoom>();
  private running = 0;

  constructor(
    private readonly roomLog: RoomLog,
    private readonly rooms: HostedRooms,
    private readonly log: Log,
    appender: Appender,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {
    appender.onCommitted((committed) => this.consider(committed));
    rooms.onDropped((room) => this.waiting.delete(room));
  }

  private consider({ room, changes }: Committed): void {
    if (room.durability === 'none' || room.durable.ended) return;
    room.changesSinceCheckpoint += changes.length;
    if (!this.isDue(room) || this.waiting.has(room)) return;
    this.waiting.add(room);
    this.next();
  }

  private isDue(room: HostedRoom): boolean {
    const ageMs = performance.now() - room.checkpointAt;
    if (room.durability === 'checkpoint') return ageMs >= room.machine.rules.definition.checkpointMs;
    return (
      room.changesSinceCheckpoint >= this.options.checkpointEveryChanges ||
      room.bytesSinceMeasured >= this.options.checkpointEveryBytes ||
      ageMs >= this.options.checkpointEveryMs
    );
  }

  private next(): void {
    for (const room of this.waiting) {
      if (this.running >= CONCURRENT_MAX) return;
      this.waiting.delete(room);
      this.running += 1;
      void this.write(room).finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  private async write(room: HostedRoom): Promise<void> {
    const { durable, tenure } = room;
    const state = room.checkpoint();
    room.bytesMeasured = state.length;
    room.bytesSinceMeasured = 0;
    room.changesSinceCheckpoint = 0;
    room.checkpointAt = performance.now();
    const result = await this.roomLog.checkpoint(room.id, tenure, state, durable.version, room.durability === 'checkpoint');
    if (room.status === 'dropped' || room.tenure !== tenure) return;
    if (result === 'fenced') this.rooms.fenced(room);
    else if (result !== 'ok') {
      // Nothing is lost by a late checkpoint: the log still has it all. The next change asks again.
      room.changesSinceCheckpoint = this.options.checkpointEveryChanges;
      this.log.debug('checkpoint.failed', { roomId: room.id, result });
    }
  }
}
