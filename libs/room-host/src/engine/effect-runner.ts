import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { GameRegistry } from '#libs/game-kit';
import type { RoomId } from '#libs/protocol';
import { type PendingEffect, plainCopy } from '#libs/room';
import { type LastEffects, RoomLog } from '#libs/room-store';
import { describeThrown, Log } from '#libs/telemetry';
import { HandlerGuard, OverrunError, type RunSubject, type Subject } from '#libs/watchdog';
import { Appender } from '../durability/appender.js';
import { Checkpointer } from '../durability/checkpointer.js';
import { HandlerLabels } from '../room/guarded-machine.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { EffectWatch } from './effect-watch.js';
import { RoomEngine } from './room-engine.js';

type EffectOutcome = 'done' | 'lost' | 'stopped';

/** A handler that fails is tried again after this, doubled up to the second. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;

/**
 * Runs effects once the change that asked for them is durable, and records that they are done: at least once each, with
 * the same key each time, whatever dies in between. Durable means: in the log; for durability `checkpoint` in a checkpoint,
 * which is written at once for that; for durability `none` made, since nothing of such a game outlives its server.
 */
@Injectable()
export class EffectRunner implements OnModuleDestroy {
  /** Attempts under way, by key of their effect. */
  private readonly running = new Map<string, Promise<EffectOutcome>>();
  /** Keys of the attempts of each room on this server. A room that comes back is another one, with attempts of its own. */
  private readonly attempted = new Map<HostedRoom, Set<string>>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly done = new Map<HostedRoom, string[]>();
  private isScheduled = false;
  private readonly labels: HandlerLabels;

  constructor(
    private readonly registry: GameRegistry,
    private readonly engine: RoomEngine,
    private readonly roomLog: RoomLog,
    private readonly log: Log,
    appender: Appender,
    rooms: HostedRooms,
    private readonly guard: HandlerGuard,
    checkpointer: Checkpointer,
    private readonly watch: EffectWatch,
  ) {
    this.labels = new HandlerLabels(guard);
    appender.onCommitted(({ room, changes }) => {
      if (!room.durable.ended && changes.some(({ effects }) => effects !== undefined)) this.runPending(room);
    });
    checkpointer.onStored((room) => this.runPending(room));
    rooms.onAdded((room) => this.runPending(room));
    rooms.onDropped((room) => this.attempted.delete(room));
  }

  /** Effects of games that have ended; they stand in a key of their own, and are taken out of it once all are done. */
  async runLast(room: RoomId, { effects, batches, poisoned }: LastEffects, game: string | null = null): Promise<void> {
    for (const effect of effects)
      if (poisoned.includes(effect.key)) this.log.error('effect.abandoned', { roomId: room, effect: effect.name, key: effect.key });
    const runnable = effects.filter(({ key }) => !poisoned.includes(key));
    await Promise.all(runnable.map((effect) => this.lastAttempt(room, effect, game)));
    await this.roomLog.lastEffectsDone(room, batches);
  }

  /** One that was under way when its game ended is waited for: it is not run a second time beside itself. */
  private async lastAttempt(room: RoomId, effect: PendingEffect, game: string | null): Promise<void> {
    const outcome = await this.running.get(effect.key);
    if (outcome === undefined || outcome === 'lost')
      await this.attempt({ game: 'ended', room, effect: effect.key }, effect, game, () => true);
  }

  onModuleDestroy(): void {
    for (const timer of this.retries) clearTimeout(timer);
  }

  private runPending(room: HostedRoom): void {
    const effects = room.runnableEffects;
    if (effects.length === 0) return;
    const attempted = this.attempted.get(room) ?? new Set();
    this.attempted.set(room, attempted);
    for (const effect of effects) {
      if (attempted.has(effect.key)) continue;
      attempted.add(effect.key);
      const subject = { game: room.value.game, room: room.id, epoch: room.tenure.epoch, effect: effect.key };
      const attempt = this.attempt(subject, effect, room.value.game, () => room.status !== 'dropped');
      this.running.set(effect.key, attempt);
      void attempt.then((outcome) => {
        this.running.delete(effect.key);
        attempted.delete(effect.key);
        if (outcome === 'done') this.noteDone(room, effect.key);
        if (outcome !== 'stopped' || room.value.ended) return;
        // Before the end, so that it is no effect that the game left behind.
        this.engine.input(room, { kind: 'effects-done', keys: [effect.key] });
        this.engine.endFailed(room, `The game was stopped: effect ${effect.name} exceeded its limit.`);
      });
    }
  }

  /** `lost`: the room was lost meanwhile, and the next owner runs it. `stopped`: the watchdog interrupted it; it is not tried again. */
  private async attempt(subject: Subject, effect: PendingEffect, game: string | null, isOurs: () => boolean): Promise<EffectOutcome> {
    const roomId = subject.room;
    const handler = this.registry.effectHandlers.get(effect.name);
    if (!handler) {
      this.log.warn('effect.unhandled', { roomId, effect: effect.name });
      return 'done';
    }
    const runs = this.guard.subject(subject);
    const label = this.labels.effect(effect.name);
    try {
      for (let pauseMs = RETRY_MS; isOurs(); pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
        try {
          // A copy: what the handler does to it is not done to the room's value.
          const data = effect.data === undefined ? undefined : plainCopy(effect.data, 'data');
          const run = { game, roomId, effect: effect.name, key: effect.key };
          await this.watch.during(run, () => runs.runOnce(label, () => handler({ key: effect.key, roomId, data })));
          return 'done';
        } catch (error) {
          // To describe what a handler threw may run code of it.
          const text = error instanceof OverrunError ? error.message : this.described(runs, label, error);
          const facts = { roomId, effect: effect.name, key: effect.key, error: text };
          if (error instanceof OverrunError) {
            this.log.error('effect.stopped', facts);
            return 'stopped';
          }
          this.log.warn('effect.failed', { ...facts, retryMs: pauseMs });
          await this.pause(pauseMs);
        }
      }
      return 'lost';
    } finally {
      runs.dispose();
    }
  }

  private described(runs: RunSubject, label: number, error: unknown): string {
    try {
      return runs.run(label, -1, 0, () => describeThrown(error));
    } catch (overrun) {
      return String(overrun);
    }
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
