import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { GameRegistry } from '#libs/game-kit';
import type { RoomId } from '#libs/protocol';
import { type PendingEffect, plainCopy } from '#libs/room';
import { type LastEffects, RoomLog } from '#libs/room-store';
import { describeThrown, Log } from '#libs/telemetry';
import { Appender } from './appender.js';
import type { HostedRoom } from './hosted-room.js';
import { HostedRooms } from './hosted-rooms.js';
import { RoomEngine } from './room-engine.js';

/** A handler that fails is tried again after this, doubled up to the second. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;

/**
 * Runs effects once the change that asked for them is durable, and records that they are done: at least once each, with
 * the same key each time, whatever dies in between.
 */
@Injectable()
export class EffectRunner implements OnModuleDestroy {
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly done = new Map<HostedRoom, string[]>();
  private isScheduled = false;

  constructor(
    private readonly registry: GameRegistry,
    private readonly engine: RoomEngine,
    private readonly roomLog: RoomLog,
    private readonly log: Log,
    appender: Appender,
    rooms: HostedRooms,
  ) {
    appender.onCommitted(({ room, changes }) => {
      if (!room.durable.ended && changes.some(({ effects }) => effects !== undefined)) this.runPending(room);
    });
    rooms.onAdded((room) => this.runPending(room));
  }

  /** Effects of games that have ended; they stand in a key of their own, and are taken out of it once all are done. */
  async runLast(room: RoomId, { effects, batches }: LastEffects): Promise<void> {
    await Promise.all(effects.map((effect) => this.attempt(room, effect, () => true)));
    await this.roomLog.lastEffectsDone(room, batches);
  }

  onModuleDestroy(): void {
    for (const timer of this.retries) clearTimeout(timer);
  }

  private runPending(room: HostedRoom): void {
    for (const effect of room.pendingEffects) {
      if (room.effectsRunning.has(effect.key)) continue;
      room.effectsRunning.add(effect.key);
      void this.attempt(room.id, effect, () => room.status !== 'dropped').then((isDone) => {
        room.effectsRunning.delete(effect.key);
        if (isDone) this.noteDone(room, effect.key);
      });
    }
  }

  /** False when the room was lost meanwhile: the next owner runs it. */
  private async attempt(roomId: string, effect: PendingEffect, isOurs: () => boolean): Promise<boolean> {
    const handler = this.registry.effectHandlers.get(effect.name);
    if (!handler) {
      this.log.warn('effect.unhandled', { roomId, effect: effect.name });
      return true;
    }
    for (let pauseMs = RETRY_MS; isOurs(); pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        // A copy: what the handler does to it is not done to the room's value.
        await handler({ key: effect.key, roomId, data: effect.data === undefined ? undefined : plainCopy(effect.data, 'data') });
        return true;
      } catch (error) {
        this.log.warn('effect.failed', { roomId, effect: effect.name, key: effect.key, error: describeThrown(error), retryMs: pauseMs });
        await this.pause(pauseMs);
      }
    }
    return false;
  }

  /** What was done in one turn is recorded as one change. */
  private noteDone(room: HostedRoom, key: string): void {
    const keys = this.done.get(room);
    if (keys) keys.push(key);
    else this.done.set(room, [key]);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      const done = [...this.done];
      this.done.clear();
      for (const [doneRoom, doneKeys] of done) {
        if (doneRoom.status === 'active' && !doneRoom.value.ended) this.engine.input(doneRoom, { kind: 'effects-done', keys: doneKeys });
      }
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.retries.delete(timer);
        resolve();
      }, ms);
      this.retries.add(timer);
    });
  }
}
