import { Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import type { RoomId } from '#libs/protocol';
import { EFFECT_FAILED, type EffectReply, type PendingEffect } from '#libs/room';
import { Log, Metrics } from '#libs/telemetry';
import type { HostedRoom } from '../room/hosted-room.js';
import { RoomEngine } from './room-engine.js';

/** The reason why a result was dropped. `ended`: the game has ended. `late`: the game has handled another result, such as `timed-out`. */
type DropReason = 'ended' | 'late';

/** Delay between two reads of the status of a room that migrates, in ms. */
const FREEZE_POLL_MS = 25;

/**
 * Passes the results of effects to their rooms, as inputs. An effect stays pending until the change that handles its result. If a server
 * dies before that change, the next owner runs the effect again, with the same key. The store refuses a change of a server that lost the
 * room. So each result is handled once in the history of its room.
 */
@Injectable()
export class EffectResults {
  constructor(
    private readonly engine: RoomEngine,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {}

  /** Passes a result to the game in the room. Does nothing when this server has lost the room. Never rejects. */
  async deliver(room: HostedRoom, effect: PendingEffect, reply: EffectReply): Promise<void> {
    // Waits while the room migrates. If the migration fails, the room continues here and gets the result.
    while (room.status === 'freezing') await sleep(FREEZE_POLL_MS);
    if (room.value.ended) return this.dropped(room.id, room.value.game, effect, 'ended');
    if (room.status !== 'active') return;
    if (!isPending(room, effect.key)) return this.dropped(room.id, room.value.game, effect, 'late');
    this.engine.input(room, { kind: 'result', key: effect.key, name: effect.name, reply });
    // The handler of the result failed, so the game has ended. The effect is marked as done, so that it does not run again after the end of
    // the game.
    if (room.value.ended && isPending(room, effect.key)) this.engine.input(room, { kind: 'effects-done', keys: [effect.key] });
  }

  /**
   * An effect crashed the room's last owner. If the game waits for the result of this effect, the game receives a failure. The effect does
   * not run again.
   */
  failPoisoned(room: HostedRoom): void {
    const effect = room.value.outbox.find(({ key }) => key === room.poisonedEffect);
    if (effect?.timer === undefined) return;
    const message = `The effect ${effect.name} cost a server, and is not tried again.`;
    void this.deliver(room, effect, { ok: false, code: EFFECT_FAILED, message });
  }

  /** Logs and counts a result that reached no game. */
  dropped(roomId: RoomId, game: string | null, { name, key, timer }: PendingEffect, reason: DropReason): void {
    if (timer === undefined) return;
    this.log.warn('effect.result-dropped', { roomId, game, effect: name, key, reason });
    this.metrics.effectResultsDropped.inc({ game: game ?? 'unknown', reason });
  }
}

function isPending(room: HostedRoom, key: string): boolean {
  return room.value.outbox.some((pending) => pending.key === key);
}
