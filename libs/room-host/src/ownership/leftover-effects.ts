import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RoomId } from '#libs/protocol';
import { EndedGameStore, keptEffectsKey, type RoomOwnership, RoomRecords } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { EndedGames } from '../durability/ended-games.js';
import { EffectRunner } from '../engine/effect-runner.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/**
 * Runs the effects that were still pending at the end of a game, on this server or on a lost owner. Then removes the room from its owner's
 * index.
 */
@Injectable()
export class LeftoverEffects implements OnModuleInit {
  constructor(
    private readonly rooms: HostedRooms,
    private readonly endedStore: EndedGameStore,
    private readonly records: RoomRecords,
    private readonly effects: EffectRunner,
    private readonly ended: EndedGames,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.rooms.onDropped((room, reason) => {
      if (reason === 'ended') void this.runOfOwnGame(room);
    });
  }

  /** Runs the effects of a game that ended on another owner, or on a former incarnation of this server. Never rejects. */
  async run(room: RoomId, { server, incarnation }: RoomOwnership): Promise<void> {
    try {
      const last = await this.endedStore.lastEffects(room);
      if (last.unreadable)
        this.log.error('effects.unreadable', { roomId: room, batches: last.unreadable.join(' '), kept: keptEffectsKey(room) });
      await this.effects.runLast(room, last);
      await this.records.forgetOwner([room], server, incarnation);
    } catch (error) {
      this.log.warn('effects.left', { roomId: room, error });
    }
  }

  private async runOfOwnGame(room: HostedRoom): Promise<void> {
    try {
      const { outbox } = room.durable;
      if (outbox.length > 0) await this.effects.runLast(room.id, { effects: outbox, batches: [room.batch], poisoned: [] }, room.value.game);
      this.ended.effectsDone(room.id, room.tenure.epoch);
      await this.records.forgetOwner([room.id], room.tenure.server, room.tenure.incarnation);
    } catch (error) {
      // Ignores the failure, because the next sweep removes the index entry.
      this.log.debug('room.forget-failed', { roomId: room.id, error });
    }
  }
}
