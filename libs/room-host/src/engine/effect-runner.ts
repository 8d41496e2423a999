import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { GameRegistry, HandlerRefusal } from '#libs/game-kit';
import type { RoomId } from '#libs/protocol';
import { EFFECT_FAILED, type EffectReply, type PendingEffect, plainCopy, type ResultRule, UnstorableError } from '#libs/room';
import { EndedGameStore, type LastEffects } from '#libs/room-store';
import { describeThrown, Log, type LoggedError } from '#libs/telemetry';
import { HandlerGuard, OverrunError, type RunSubject, type Subject } from '#libs/watchdog';
import { Appender } from '../durability/appender.js';
import { Checkpointer } from '../durability/checkpointer.js';
import { HandlerLabels } from '../room/guarded-machine.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { EffectResults } from './effect-results.js';
import { EffectWatch } from './effect-watch.js';
import { RoomEngine } from './room-engine.js';

/**
 * `done`: the handler succeeded, failed in its last attempt, or does not exist; `reply` is the result for a game that waits for it. `lost`:
 * this server lost the room, and the next owner runs the effect; or the game no longer waits for the result. `stopped`: the watchdog
 * interrupted the handler, and the effect is not tried again.
 */
type EffectOutcome = { readonly kind: 'done'; readonly reply: EffectReply } | { readonly kind: 'lost' | 'stopped' };

const LOST: EffectOutcome = { kind: 'lost' };
const STOPPED: EffectOutcome = { kind: 'stopped' };

/** Delay before a failed handler is tried again, in ms. It doubles with each failure, up to `RETRY_MS_MAX`. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;

/**
 * Runs effects once the change that asked for them is durable, and records that they are done. Each effect runs at least once, and has the
 * same key in each run, also on another server. A change is durable when the log contains it. With durability `checkpoint`, a checkpoint
 * must contain the change, and the owner writes it at once. With durability `none`, each change is regarded as durable, because no part of
 * the game outlives its server. When the game waits for the result of an effect (`@OnResult`), the effect is done once the game has handled
 * its result: `EffectResults`.
 */
@Injectable()
export class EffectRunner implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  /** Attempts under way, by the key of the effect. */
  private readonly running = new Map<string, Promise<EffectOutcome>>();
  /** Keys of the effects under way, by room. A room that leaves this server and returns is a new `HostedRoom`, so it gets a new entry. */
  private readonly attempted = new Map<HostedRoom, Set<string>>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly done = new Map<HostedRoom, string[]>();
  private isScheduled = false;
  private readonly labels: HandlerLabels;

  constructor(
    private readonly registry: GameRegistry,
    private readonly engine: RoomEngine,
    private readonly endedStore: EndedGameStore,
    private readonly log: Log,
    private readonly appender: Appender,
    private readonly rooms: HostedRooms,
    private readonly guard: HandlerGuard,
    private readonly checkpointer: Checkpointer,
    private readonly watch: EffectWatch,
    private readonly results: EffectResults,
  ) {
    this.labels = new HandlerLabels(guard);
  }

  onModuleInit(): void {
    this.appender.onCommitted(({ room, changes }) => {
      if (!room.durable.ended && changes.some(({ effects }) => effects !== undefined)) this.runPending(room);
    });
    this.checkpointer.onStored((room) => this.runPending(room));
    this.rooms.onAdded((room) => {
      this.results.failPoisoned(room);
      this.runPending(room);
    });
    this.rooms.onDropped((room) => this.attempted.delete(room));
  }

  onApplicationBootstrap(): void {
    for (const { definition } of this.registry.all()) this.watch.begin(definition.name);
  }

  /**
   * Runs the effects of a game that has ended. Redis stores these effects under a separate key, which is deleted once all of them are done.
   */
  async runLast(room: RoomId, { effects, batches, poisoned }: LastEffects, game: string | null = null): Promise<void> {
    for (const effect of effects)
      if (poisoned.includes(effect.key)) this.log.error('effect.abandoned', { roomId: room, effect: effect.name, key: effect.key });
    const runnable = effects.filter(({ key }) => !poisoned.includes(key));
    await Promise.all(runnable.map((effect) => this.lastAttempt(room, effect, game)));
    await this.endedStore.lastEffectsDone(room, batches);
  }

  /**
   * Runs an effect of a game that has ended. First waits for an attempt that began before the end, so that the effect does not run twice at
   * the same time.
   */
  private async lastAttempt(room: RoomId, effect: PendingEffect, game: string | null): Promise<void> {
    const before = await this.running.get(effect.key);
    const isOver = before !== undefined && before.kind !== 'lost';
    const name = game ?? effect.game ?? null;
    const outcome = isOver ? before : await this.attempt({ game: 'ended', room, effect: effect.key }, effect, name, null, () => true);
    if (outcome.kind === 'done') this.results.dropped(room, name, effect, 'ended');
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
      const rule = effect.timer === undefined ? null : (room.machine.rules.results?.get(effect.name) ?? null);
      const attempt = this.attempt(subject, effect, room.value.game, rule, () => room.status !== 'dropped' && isPending(room, effect));
      this.running.set(effect.key, attempt);
      void attempt.then((outcome) => {
        this.running.delete(effect.key);
        attempted.delete(effect.key);
        if (outcome.kind === 'done' && effect.timer !== undefined) void this.results.deliver(room, effect, outcome.reply);
        else if (outcome.kind === 'done') this.noteDone(room, effect.key);
        if (outcome.kind !== 'stopped' || room.value.ended) return;
        // Marks the effect as done before the game ends. Otherwise the effect would run again after the end of the game.
        this.engine.input(room, { kind: 'effects-done', keys: [effect.key] });
        this.engine.endFailed(room, `The game was stopped: effect ${effect.name} exceeded its limit.`);
      });
    }
  }

  /**
   * Runs the handler of an effect until it succeeds, refuses, or fails in its last attempt.
   *
   * @param rule has the maximum number of attempts. Null: the game does not wait for a result, and the handler is tried until it succeeds
   */
  private async attempt(
    subject: Subject,
    effect: PendingEffect,
    game: string | null,
    rule: ResultRule<never> | null,
    isOurs: () => boolean,
  ): Promise<EffectOutcome> {
    const roomId = subject.room as RoomId;
    const handler = this.registry.effectHandlers.get(game, effect.name);
    if (!handler) {
      this.log.warn('effect.unhandled', { roomId, effect: effect.name });
      return failure(EFFECT_FAILED, `No server handles the effect ${effect.name}.`);
    }
    const runs = this.guard.subject(subject);
    const label = this.labels.effect(effect.name);
    try {
      for (let pauseMs = RETRY_MS, attempts = 1; isOurs(); pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX), attempts += 1) {
        try {
          // Passes a copy of the data to the handler, so that the handler cannot change the room's value.
          const data = effect.data === undefined ? undefined : plainCopy(effect.data, 'data');
          const run = { game, roomId, effect: effect.name, key: effect.key };
          const result = await this.watch.during(run, () => runs.runOnce(label, () => handler({ key: effect.key, roomId, data })));
          // Copies the result under the watchdog, because copying can run getters of the result.
          const copied =
            result === undefined || effect.timer === undefined ? undefined : runs.run(label, -1, 0, () => plainCopy(result, 'result'));
          return { kind: 'done', reply: { ok: true, data: copied } };
        } catch (error) {
          if (error instanceof HandlerRefusal) {
            const { code, message } = error;
            this.log.info('effect.refused', { roomId, effect: effect.name, key: effect.key, code });
            return failure(code, message);
          }
          // Describes the error under the watchdog, because reading the error can run code of the handler.
          const described = error instanceof OverrunError ? describeThrown(error) : this.described(runs, label, error);
          const facts = { roomId, effect: effect.name, key: effect.key, error: described };
          if (error instanceof OverrunError) {
            this.log.error('effect.stopped', facts);
            return STOPPED;
          }
          if (rule !== null && (attempts >= rule.attempts || error instanceof UnstorableError)) {
            this.log.error('effect.given-up', { ...facts, attempts });
            return failure(EFFECT_FAILED, `The handler of the effect ${effect.name} failed; the log of the server says why.`);
          }
          this.log.warn('effect.failed', { ...facts, retryMs: pauseMs });
          await this.pause(pauseMs);
        }
      }
      return LOST;
    } finally {
      runs.dispose();
    }
  }

  private described(runs: RunSubject, label: number, error: unknown): LoggedError {
    try {
      return runs.run(label, -1, 0, () => describeThrown(error));
    } catch (overrun) {
      return describeThrown(overrun);
    }
  }

  /** Records that an effect is done. All effects that finish in one event-loop tick share one change. */
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

function failure(code: string, message: string): EffectOutcome {
  return { kind: 'done', reply: { ok: false, code, message } };
}

/**
 * Returns whether the effect is still pending. It is not pending any more when its result was too late and the game has handled the
 * time-out.
 */
function isPending(room: HostedRoom, { key }: PendingEffect): boolean {
  return room.value.outbox.some((pending) => pending.key === key);
}
