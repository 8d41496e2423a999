import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { RoomLog } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';
import { Appender, type Committed } from './appender.js';

/**
 * Maximum number of checkpoints that are under way at the same time. Each checkpoint contains a whole state, so too many checkpoints would
 * delay appends.
 */
const CONCURRENT_MAX = 8;
/** Delay before the server again tries to write a checkpoint for which effects wait, in ms. */
const RETRY_MS = 200;

/** The progress of a room towards its next checkpoint. */
interface Progress {
  changes: number;
  /** The time of the last checkpoint, by the monotonic clock, in ms. */
  writtenAt: number;
}

/**
 * Writes checkpoints, each of which replaces the log of a room. A checkpoint is due after a number of changes or bytes, or after a time. A
 * game with durability `checkpoint` has no log, so only its checkpoints are stored.
 */
@Injectable()
export class Checkpointer implements OnModuleInit {
  private readonly waiting = new Set<HostedRoom>();
  /** Rooms whose checkpoint is under way. A room has at most one checkpoint under way. */
  private readonly underWay = new Set<HostedRoom>();
  /** The progress of each room towards its next checkpoint. */
  private readonly progress = new Map<HostedRoom, Progress>();
  private readonly storedListeners: ((room: HostedRoom) => void)[] = [];

  constructor(
    private readonly roomLog: RoomLog,
    private readonly rooms: HostedRooms,
    private readonly log: Log,
    private readonly appender: Appender,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {}

  onModuleInit(): void {
    this.appender.onCommitted((committed) => this.consider(committed));
    this.rooms.onAdded((room) => this.progress.set(room, { changes: 0, writtenAt: performance.now() }));
    this.rooms.onDropped((room) => {
      this.waiting.delete(room);
      this.progress.delete(room);
    });
  }

  /** Calls `listener` after each stored checkpoint, because effects can wait for the checkpoint. */
  onStored(listener: (room: HostedRoom) => void): void {
    this.storedListeners.push(listener);
  }

  private consider({ room, changes }: Committed): void {
    if (room.durability === 'none' || room.durable.ended) return;
    const progress = this.progress.get(room);
    if (!progress) return;
    progress.changes += changes.length;
    const hasEffects = room.durability === 'checkpoint' && changes.some(({ effects }) => effects !== undefined);
    if (hasEffects || this.isDue(room, progress)) this.want(room);
  }

  private want(room: HostedRoom): void {
    if (this.waiting.has(room)) return;
    this.waiting.add(room);
    this.next();
  }

  private isDue(room: HostedRoom, { changes, writtenAt }: Progress): boolean {
    const ageMs = performance.now() - writtenAt;
    if (room.durability === 'checkpoint') return ageMs >= room.machine.rules.definition.checkpointMs;
    return (
      changes >= this.options.checkpointEveryChanges ||
      room.size.changedBytes >= this.options.checkpointEveryBytes ||
      ageMs >= this.options.checkpointEveryMs
    );
  }

  private next(): void {
    for (const room of this.waiting) {
      if (this.underWay.size >= CONCURRENT_MAX) return;
      if (this.underWay.has(room)) continue;
      this.waiting.delete(room);
      this.underWay.add(room);
      void this.write(room).finally(() => {
        this.underWay.delete(room);
        this.next();
      });
    }
  }

  private async write(room: HostedRoom): Promise<void> {
    const { durable, tenure, hasUnstoredEffects } = room;
    const state = room.checkpoint();
    room.size.measured(state.length);
    const progress = this.progress.get(room);
    if (progress) {
      progress.changes = 0;
      progress.writtenAt = performance.now();
    }
    const result = await this.roomLog.checkpoint(room.id, tenure, state, durable.version, room.durability === 'checkpoint', {
      // Waits until a replica has the checkpoint, because the effects change other systems. If the store lost the checkpoint, the game
      // would be rewound but these systems would not.
      isReplicated: hasUnstoredEffects,
    });
    if (room.status === 'dropped' || room.tenure !== tenure) return;
    if (result === 'fenced') void this.appender.fenced(room);
    else if (result === 'ok') {
      room.checkpointed(durable);
      for (const listener of this.storedListeners) listener(room);
    } else {
      // The log still has all changes, so nothing is lost. The next change of the room causes another attempt.
      if (progress) progress.changes = this.options.checkpointEveryChanges;
      this.log.debug('checkpoint.failed', { roomId: room.id, result });
      // Effects wait for this checkpoint, so the server repeats it even if the room does not change any more.
      if (room.hasUnstoredEffects) this.wantLater(room);
    }
  }

  private wantLater(room: HostedRoom): void {
    setTimeout(() => {
      if (room.status !== 'dropped' && room.hasUnstoredEffects) this.want(room);
    }, RETRY_MS).unref();
  }
}
