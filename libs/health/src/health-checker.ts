import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Interval } from '@nestjs/schedule';
import { EventSink, FleetEvents, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';
import { checkerOf, judges } from './checker-choice.js';
import {
  BATCH_MAX,
  CHECK_OPTIONS,
  CHECKER_OPTIONS,
  type CheckOptions,
  type HealthCheckerOptions,
  HURRIED_MS,
  MANY_WINDOW_INTERVALS,
  PATIENCE_INTERVALS_MAX,
  TICK_MS,
  VERDICT_RETRY_MS,
} from './health.options.js';
import { type Case, type Judgement, judge, judgeCase, type VoidReason } from './judge.js';
import { LostStore } from './lost-store.js';
import { areMany } from './many-at-once.js';
import type { Eligibility, EligibilityListener, EvictionReason } from './ports.js';
import { type Asked, askServers } from './scripts/ask.js';
import { markServer } from './scripts/mark.js';
import { SelfDoubt } from './self-doubt.js';
import { StoreProbe } from './store-probe.js';
import { Verdicts } from './verdicts.js';
import { clear, newWatch, type Watch } from './watch.js';

/**
 * Checks the servers that fall to this gateway: reads each one's answer to the last check, judges it, asks again.
 * Each server has its own time within the interval, so a thousand checks spread over it; a suspect's comes sooner.
 * Judging is `judge`; whether to believe what was seen is `SelfDoubt`; carrying a verdict out is `Verdicts`.
 */
@Injectable()
export class HealthChecker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly watches = new Map<ServerId, Watch>();
  /** When servers were declared dead, by whomever, within the window of many at once. */
  private readonly deaths: number[] = [];
  private readonly doubt: SelfDoubt;
  private eligibility: readonly EligibilityListener[] = [];
  private isOpen = false;
  private fleetChanged = true;
  private asking: Promise<void> | null = null;
  private lookingAtStore: Promise<VoidReason | null> | null = null;
  private nextStoreLookAt = 0;
  private share = 0;
  private many = { at: Number.NaN, areMany: false };
  private voidSince: VoidReason | null = null;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    @Inject(CHECKER_OPTIONS) private readonly checkerOptions: HealthCheckerOptions,
    private readonly modules: ModuleRef,
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly events: FleetEvents,
    private readonly store: StoreProbe,
    private readonly verdicts: Verdicts,
    private readonly lostStore: LostStore,
    private readonly sink: EventSink,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {
    this.doubt = new SelfDoubt(options.intervalMs, performance.now());
  }

  onApplicationBootstrap(): void {
    this.eligibility = (this.checkerOptions.eligibility ?? []).map((type) => this.modules.get(type, { strict: false }));
    this.directory.onChange((change) => {
      this.fleetChanged = true;
      // One without a past here died before this process looked.
      if (change.kind === 'evicted' && change.before) this.deaths.push(performance.now());
    });
    this.verdicts.onSuspected((server, dialledAt) => this.hurry(server, dialledAt));
    this.doubt.turn(performance.now());
    this.isOpen = true;
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }

  /** Who is due? A round of reading and asking never overtakes the one before it; the clock is looked at every time. */
  @Interval(TICK_MS)
  tick(): void {
    const now = performance.now();
    const wasLate = this.doubt.turn(now);
    if (!this.isOpen || this.self.incarnation === 0 || this.self.state === 'dead') return;
    if (wasLate) this.reportVoid('loop-late');
    this.divideAnew(now);
    if (now >= this.nextStoreLookAt) this.lookAtStore(now);
    for (const watch of this.watches.values()) if (watch.misses > 0 || watch.hurried) this.judgeAgain(watch, now);
    if (this.asking) return;
    const due = [...this.watches.values()].filter(({ dueAt }) => dueAt <= now).slice(0, BATCH_MAX);
    if (due.length === 0) return;
    this.asking = this.ask(due)
      .catch((error: unknown) => this.log.error('health.round-failed', { error }))
      .finally(() => {
        this.asking = null;
      });
  }

  private async ask(due: readonly Watch[]): Promise<void> {
    const { intervalMs } = this.options;
    const askedAt = performance.now();
    let answers: (Asked | null)[];
    try {
      answers = await askServers(
        this.redis.commands,
        due.map(({ server }) => server.id),
      );
    } catch (error) {
      this.distrust('store-unreachable', { error });
      for (const watch of due) watch.dueAt = askedAt + intervalMs;
      return;
    }
    const now = performance.now();
    if (now - askedAt > intervalMs) this.distrust('store-slow', { tookMs: Math.round(now - askedAt) });
    for (const [index, watch] of due.entries()) {
      // It may have changed hands, or died, while the answer was on its way.
      if (this.watches.get(watch.server.id) !== watch) continue;
      this.judgeOne(watch, answers[index], now);
      watch.askedAt = askedAt;
    }
  }

  private judgeOne(watch: Watch, asked: Asked | null, now: number): void {
    if (asked && (asked.incarnation !== watch.server.incarnation || asked.state === 'dead')) {
      // Another has taken its place, or a verdict has fallen: the directory will say so in a moment.
      watch.askedAt = null;
      watch.dueAt = now + this.options.intervalMs;
      clear(watch, now);
      void this.directory.refresh();
      return;
    }
    if (asked) {
      watch.lagMs = asked.lagMs;
      watch.marked = { suspect: asked.suspect, unheard: asked.unheard };
    }
    const judgement = judge(
      {
        answer: watch.askedAt === null ? 'unasked' : asked?.answered ? 'answered' : 'unanswered',
        doubt: watch.askedAt === null ? null : this.doubt.about(watch.askedAt, now),
        inGrace: asked !== null && asked.ageMs < this.options.graceMs,
        missesBefore: watch.misses,
      },
      this.caseOf(watch, now),
    );
    this.act(watch, judgement, now);
  }

  /** Between checks: a dial was answered, or a hold has lasted long enough. */
  private judgeAgain(watch: Watch, now: number): void {
    if (watch.condemning || now < watch.retryAt || watch.dialled === null) return;
    const judgement = judgeCase({ ...this.caseOf(watch, now), misses: watch.misses });
    if (judgement.kind === 'condemned' || judgement.kind === 'held') this.act(watch, judgement, now, false);
  }

  private caseOf(watch: Watch, now: number): Omit<Case, 'misses'> {
    // This process was away while it waited for the answer: that was no silence.
    if (watch.dialled?.found === 'silent' && this.doubt.about(watch.dialled.at, now)) watch.dialled = null;
    const { intervalMs, maxMisses, holdMs } = this.options;
    const patienceMs = Math.min(2 * watch.lagMs, PATIENCE_INTERVALS_MAX * intervalMs);
    return {
      maxMisses,
      holdMs,
      secondPath: watch.dialled?.found ?? null,
      patienceIsOver: now - watch.lastHeardAt >= patienceMs,
      many: this.areManySilent(now),
      heldForMs: watch.heldSince === null ? 0 : now - watch.heldSince,
    };
  }

  /** The one place where a judgement has effects. `wasAsked`: it follows a check, so the next one is to be fixed. */
  private act(watch: Watch, judgement: Judgement, now: number, wasAsked = true): void {
    const { intervalMs } = this.options;
    if (wasAsked) {
      const pauseMs = watch.hurried ? HURRIED_MS : judgement.kind === 'missed' ? intervalMs / 2 : intervalMs;
      watch.dueAt = now + Math.min(intervalMs, pauseMs);
      if (!(judgement.kind === 'void' && judgement.reason === 'first')) this.metrics.healthChecks.inc({ result: judgement.kind });
    }
    switch (judgement.kind) {
      case 'healthy':
        if (watch.heldSince !== null || watch.misses > 0) this.verdicts.release(watch.server);
        clear(watch, now);
        return this.mark(watch, { suspect: 0, unheard: false });
      case 'void':
        if (judgement.reason !== 'first' && judgement.reason !== 'grace') this.reportVoid(judgement.reason);
        return;
      case 'missed':
        if (watch.misses === 0) this.log.info('server.suspect', { target: watch.server.id, incarnation: watch.server.incarnation });
        watch.misses = judgement.misses;
        this.dialIfStale(watch, now);
        return this.mark(watch, { suspect: judgement.misses, unheard: watch.marked.unheard });
      case 'held':
        watch.misses = judgement.misses;
        watch.heldSince ??= now;
        this.verdicts.hold(watch.server, judgement.reason, { misses: judgement.misses });
        if (wasAsked) this.dialIfStale(watch, now);
        if (judgement.reason === 'unheard') void this.lookAtItsStore(watch, now);
        return this.mark(watch, { suspect: judgement.misses, unheard: judgement.reason === 'unheard' });
      case 'condemned':
        watch.misses = judgement.misses;
        void this.condemn(watch, judgement.reason);
        return;
      default:
        return judgement satisfies never;
    }
  }

  /** It lives, and does not answer through the store. Has it lost the store, with all that its rooms need it for? */
  private async lookAtItsStore(watch: Watch, now: number): Promise<void> {
    const { server, askedAt } = watch;
    if (server.type !== 'game' || watch.condemning || now < watch.storeLookAt) return;
    watch.storeLookAt = now + VERDICT_RETRY_MS;
    try {
      if (askedAt === null || this.doubt.about(askedAt, now) || !(await this.lostStore.isLost(server))) return;
      const since = performance.now();
      if (watch.heldSince === null || this.doubt.about(askedAt, since)) return;
      if (this.areManyUnheard() && since - watch.heldSince < this.options.holdMs)
        return this.verdicts.hold(server, 'many', { reason: 'store-lost', misses: watch.misses });
      await this.condemn(watch, 'store-lost');
    } catch (error) {
      this.distrust('store-unreachable', { error });
    }
  }

  private areManyUnheard(): boolean {
    const servers = this.directory.all().filter(({ id, state }) => id !== this.self.id && state !== 'dead');
    return areMany(servers.filter(({ id, unheard }) => this.watches.get(id)?.marked.unheard ?? unheard).length, servers.length);
  }

  private async condemn(watch: Watch, reason: EvictionReason): Promise<void> {
    if (watch.condemning) return;
    watch.condemning = true;
    const { askedAt } = watch;
    try {
      if (reason === 'silent') {
        // A verdict on silence is about to be acted on: is it really not me, and not the store?
        const trouble = await this.store.look(this.options.intervalMs);
        if (trouble) return this.distrust(trouble);
        if (askedAt === null || this.doubt.about(askedAt, performance.now())) return;
      }
      const outcome = await this.verdicts.condemn(watch.server, reason);
      if (outcome === 'over') {
        if (this.watches.get(watch.server.id) === watch) this.watches.delete(watch.server.id);
        void this.directory.refresh();
      } else if (outcome === 'acquitted') {
        clear(watch, performance.now());
      }
    } catch (error) {
      this.distrust('store-unreachable', { error });
    } finally {
      watch.condemning = false;
      watch.retryAt = performance.now() + VERDICT_RETRY_MS;
      // A refusal is looked at afresh before it is acted on again.
      if (reason === 'refused') {
        watch.dialled = null;
        if (watch.misses > 0) this.dial(watch);
      }
    }
  }

  /** Its link was lost and nobody answered the dial: ask now, and again until it is decided. */
  private hurry(server: ServerRecord, dialledAt: number): void {
    const watch = this.watches.get(server.id);
    if (!watch || watch.server.incarnation !== server.incarnation) return;
    this.log.info('server.link-lost', { target: server.id, incarnation: server.incarnation });
    watch.hurried = true;
    watch.dialled = { at: dialledAt, found: 'silent' };
    // A question that has only just been asked is given its time.
    watch.dueAt = Math.max(performance.now(), (watch.askedAt ?? 0) + HURRIED_MS);
  }

  private dialIfStale(watch: Watch, now: number): void {
    const isFresh = watch.dialled !== null && now - watch.dialled.at < this.options.intervalMs;
    if (watch.diallingSince === null && !isFresh) this.dial(watch);
  }

  private dial(watch: Watch): void {
    const at = performance.now();
    watch.diallingSince = at;
    void this.verdicts.dial(watch.server).then((found) => {
      // It was heard meanwhile: this belongs to a suspicion that is over.
      if (watch.diallingSince !== at) return;
      watch.diallingSince = null;
      watch.dialled = { at, found };
    });
  }

  /** Counted once a tick, not once a suspect. */
  private areManySilent(now: number): boolean {
    if (this.many.at !== now) this.many = { at: now, areMany: this.countSilent(now) };
    return this.many.areMany;
  }

  private countSilent(now: number): boolean {
    const windowMs = MANY_WINDOW_INTERVALS * this.options.intervalMs;
    while (this.deaths.length > 0 && now - this.deaths[0] > windowMs) this.deaths.shift();
    let silent = 0;
    let others = this.deaths.length;
    for (const server of this.directory.all()) {
      if (server.id === this.self.id || server.state === 'dead') continue;
      others += 1;
      const watch = this.watches.get(server.id);
      const isSilent = watch ? watch.misses > 0 && watch.dialled?.found !== 'answered' : server.suspect > 0 && !server.unheard;
      if (isSilent) silent += 1;
    }
    return areMany(silent + this.deaths.length, others);
  }

  private mark(watch: Watch, eligibility: Eligibility): void {
    const { suspect, unheard } = watch.marked;
    if (suspect === eligibility.suspect && unheard === eligibility.unheard) return;
    watch.marked = { ...eligibility };
    const { server } = watch;
    const isNews = suspect > 0 !== eligibility.suspect > 0 || unheard !== eligibility.unheard;
    markServer(this.redis.commands, server.id, server.incarnation, eligibility)
      .then(async (marked) => {
        if (!marked || !isNews) return;
        if (eligibility.suspect === 0) this.log.info('server.heard', { target: server.id, incarnation: server.incarnation });
        for (const listener of this.eligibility) void Promise.resolve(listener.changed(server, eligibility)).catch(() => {});
        const reason = eligibility.unheard ? 'unheard' : eligibility.suspect > 0 ? 'suspect' : 'heard';
        this.sink.publish({
          kind: `server.${reason}`,
          server: server.id,
          incarnation: server.incarnation,
          reason: REASONS[reason],
          detail: { misses: eligibility.suspect },
        });
        await this.events.publish({ kind: 'state', server: server.id, incarnation: server.incarnation, reason });
      })
      .catch(() => this.distrust('store-unreachable'));
  }

  private lookAtStore(now: number): void {
    this.nextStoreLookAt = now + this.options.intervalMs;
    if (this.lookingAtStore) return;
    this.lookingAtStore = this.store.look(this.options.intervalMs);
    void this.lookingAtStore.then((trouble) => {
      this.lookingAtStore = null;
      const endedAt = performance.now();
      if (trouble) return this.distrust(trouble);
      this.doubt.storeClean(endedAt);
      if (this.voidSince && !this.doubt.about(endedAt, endedAt)) {
        this.log.info('health.trust-restored', { after: this.voidSince });
        this.voidSince = null;
      }
    });
  }

  private distrust(reason: VoidReason, fields: Readonly<Record<string, unknown>> = {}): void {
    this.doubt.storeTroubled(reason);
    this.reportVoid(reason, fields);
  }

  /** Once for each time of doubt, not for each server that it acquits. */
  private reportVoid(reason: VoidReason, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.voidSince === reason) return;
    this.voidSince = reason;
    this.metrics.healthRoundsVoid.inc({ reason });
    this.sink.publish({ kind: 'health.void', server: this.self.id, incarnation: this.self.incarnation, reason });
    this.log.warn('health.round-void', { reason, ...fields });
  }

  /** Who falls to this gateway, after the fleet has changed. What changes hands begins with zero misses. */
  private divideAnew(now: number): void {
    if (!this.fleetChanged) return;
    this.fleetChanged = false;
    const servers = this.directory.all();
    const gateways = judges(servers).map(({ id }) => id);
    const mine = new Map(servers.filter((server) => this.isMine(server, gateways)).map((server) => [server.id, server]));
    for (const id of this.watches.keys()) if (!mine.has(id)) this.watches.delete(id);
    for (const server of mine.values()) {
      const watch = this.watches.get(server.id);
      if (watch?.server.incarnation === server.incarnation) watch.server = server;
      else this.watches.set(server.id, newWatch(server, now, now + this.nextShare() * this.options.intervalMs));
    }
  }

  /** Multiples of the golden ratio spread evenly, however many there will be. */
  private nextShare(): number {
    this.share = (this.share + 0.618_034) % 1;
    return this.share;
  }

  private isMine({ id, state }: ServerRecord, gateways: readonly ServerId[]): boolean {
    return id !== this.self.id && state !== 'dead' && checkerOf(id, gateways) === this.self.id;
  }
}

const REASONS = {
  suspect: 'check-missed',
  unheard: 'answers-its-link-only',
  heard: 'answered',
} as const;
