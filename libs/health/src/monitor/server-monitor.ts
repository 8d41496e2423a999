import type { ServerDirectory, ServerRecord } from '#libs/fleet';
import type { ProbeResult } from '#libs/link';
import type { Log, Metrics } from '#libs/telemetry';
import type { PeerStoreLossDetector } from '../evidence/peer-store-loss-detector.js';
import type { ServerDials } from '../evidence/server-dials.js';
import { type CheckOptions, PATIENCE_INTERVALS_MAX, URGENT_CHECK_MS, VERDICT_RETRY_MS } from '../health.options.js';
import type { Eligibility, EvictionReason } from '../ports.js';
import type { CheckedRecord } from '../scripts/check.js';
import type { EvictionHolds } from '../voting/eviction-holds.js';
import type { Verdicts } from '../voting/verdicts.js';
import type { EligibilityMarks } from './eligibility-marks.js';
import { type Judgement, judge, judgeMisses, type MissEvidence } from './judge.js';
import type { MassFailures } from './mass-failures.js';
import type { SelfCheck } from './self-check.js';

/** The objects and functions that all monitors of one process share. */
export interface MonitorContext {
  readonly options: Pick<CheckOptions, 'intervalMs' | 'maxMisses' | 'graceMs' | 'holdMs'>;
  readonly self: Pick<SelfCheck, 'voidReason' | 'confirm' | 'distrust' | 'reportVoid'>;
  readonly dials: Pick<ServerDials, 'dial'>;
  readonly massFailures: Pick<MassFailures, 'isMassSilence' | 'isMassUnheard'>;
  readonly storeLossDetector: Pick<PeerStoreLossDetector, 'isLost'>;
  readonly holds: Pick<EvictionHolds, 'report' | 'clear'>;
  readonly verdicts: Pick<Verdicts, 'condemn'>;
  readonly marks: Pick<EligibilityMarks, 'mark'>;
  readonly directory: Pick<ServerDirectory, 'refresh'>;
  readonly metrics: Pick<Metrics, 'healthChecks'>;
  readonly log: Pick<Log, 'info'>;
  /** Ends the monitor, because the incarnation is dead or the server has a newer incarnation. */
  onOver(monitor: ServerMonitor): void;
}

/** The evidence against a server since its last answer. The next answer deletes this evidence. */
interface Suspicion {
  misses: number;
  /** True: this gateway checks the server more often, because the link to the server was lost. */
  isUrgent: boolean;
  /** The time at which the dial in progress began. Null: no dial is in progress. */
  diallingSince: number | null;
  /** The result and the start time of the last dial. Null: no dial has ended yet. */
  dialled: { readonly at: number; readonly found: ProbeResult } | null;
  heldSince: number | null;
}

/**
 * Monitors one incarnation of one server for the gateway that checks it. The monitor judges each answer, dials the server after a missed
 * check, marks the server's record, and condemns the server. `judge` contains the rules. `Verdicts` collects the votes.
 *
 * All times are in ms of this process's monotonic clock.
 */
export class ServerMonitor {
  private suspicion = newSuspicion();
  private lastAnswerAt: number;
  /** The time at which the last answered check was sent: the server was alive then or later. */
  private knownAliveAt: number;
  /** The time at which the last check was sent. Null: no check was sent yet. */
  private checkedAt: number | null = null;
  /** The last event-loop lag that the server reported, in ms. */
  private lagMs = 0;
  /** The fields `suspect` and `unheard` of the server's record, as this monitor read or wrote them last. */
  private marked: Eligibility;
  private isCondemning = false;
  private condemnAgainAt = 0;
  private storeLossCheckAt = 0;

  /** @param dueAt the time at which the first check is due */
  constructor(
    private readonly context: MonitorContext,
    private record: ServerRecord,
    now: number,
    private dueAt: number,
  ) {
    this.lastAnswerAt = now;
    this.knownAliveAt = now;
    this.marked = { suspect: record.suspect, unheard: record.unheard };
  }

  get server(): ServerRecord {
    return this.record;
  }

  /** True when the server has missed a check and has not answered a dial since then. */
  get isSilent(): boolean {
    return this.suspicion.misses > 0 && this.suspicion.dialled?.found !== 'answered';
  }

  /** True while the server answers on its link but not through Redis. */
  get isUnheard(): boolean {
    return this.marked.unheard;
  }

  isDue(now: number): boolean {
    return this.dueAt <= now;
  }

  update(record: ServerRecord): void {
    this.record = record;
  }

  /** Schedules the next check after a failed round of checks. A failed round is no evidence against the server. */
  postpone(sentAt: number): void {
    this.dueAt = sentAt + this.context.options.intervalMs;
  }

  /**
   * Judges the answer to the last check. One script call has read this answer and has sent the next check.
   *
   * @param record null: the server has no record
   * @param sentAt the time at which the next check was sent
   */
  receive(record: CheckedRecord | null, sentAt: number, now: number): void {
    if (record && (record.incarnation !== this.record.incarnation || record.state === 'dead')) {
      // The directory does not know yet that this incarnation has ended. As soon as the directory knows it, the checker removes this
      // monitor.
      this.dueAt = now + this.context.options.intervalMs;
      this.acquit(now);
      void this.context.directory.refresh();
    } else this.judgeAnswer(record, now);
    this.checkedAt = sentAt;
  }

  /**
   * Judges the missed checks again, because a dial has possibly ended, or a verdict has possibly been held for `holdMs`. The checker calls
   * this method at each tick.
   */
  tick(now: number): void {
    const { misses, isUrgent, dialled } = this.suspicion;
    if (misses === 0 && !isUrgent) return;
    if (this.isCondemning || now < this.condemnAgainAt || dialled === null) return;
    const judgement = judgeMisses({ ...this.evidenceAt(now), misses });
    if (judgement.kind === 'condemned' || judgement.kind === 'held') this.act(judgement, now);
  }

  /** Makes checks more frequent, because the link to the server was lost and the dial that began at `dialledAt` got no answer. */
  linkLost(dialledAt: number): void {
    this.context.log.info('server.link-lost', { target: this.record.id, incarnation: this.record.incarnation });
    this.suspicion.isUrgent = true;
    this.suspicion.dialled = { at: dialledAt, found: 'silent' };
    // Gives the server time to answer the last check before the next one is sent.
    this.dueAt = Math.max(performance.now(), (this.checkedAt ?? 0) + URGENT_CHECK_MS);
  }

  private judgeAnswer(record: CheckedRecord | null, now: number): void {
    if (record) {
      this.lagMs = record.lagMs;
      this.marked = { suspect: record.suspect, unheard: record.unheard };
    }
    const { checkedAt } = this;
    const judgement = judge(
      {
        answer: checkedAt === null ? 'not-due' : record?.answered ? 'answered' : 'unanswered',
        doubt: checkedAt === null ? null : this.context.self.voidReason(checkedAt, now),
        inGrace: record !== null && record.ageMs < this.context.options.graceMs,
        missesBefore: this.suspicion.misses,
      },
      this.evidenceAt(now),
    );
    if (judgement.kind === 'healthy' && checkedAt !== null) this.knownAliveAt = checkedAt;
    this.planNextCheck(judgement, now);
    this.act(judgement, now);
    if (judgement.kind === 'missed' || judgement.kind === 'held') this.dialIfStale(now);
  }

  private planNextCheck(judgement: Judgement, now: number): void {
    const { intervalMs } = this.context.options;
    const pauseMs = this.suspicion.isUrgent ? URGENT_CHECK_MS : judgement.kind === 'missed' ? intervalMs / 2 : intervalMs;
    this.dueAt = now + Math.min(intervalMs, pauseMs);
    const isFirst = judgement.kind === 'void' && judgement.reason === 'first';
    if (!isFirst) this.context.metrics.healthChecks.inc({ result: judgement.kind });
  }

  private evidenceAt(now: number): Omit<MissEvidence, 'misses'> {
    const { self, massFailures, options } = this.context;
    const { suspicion } = this;
    // This process was suspended or busy while it waited for the answer to the dial, so the dial does not count.
    if (suspicion.dialled?.found === 'silent' && self.voidReason(suspicion.dialled.at, now)) suspicion.dialled = null;
    const patienceMs = Math.min(2 * this.lagMs, PATIENCE_INTERVALS_MAX * options.intervalMs);
    return {
      maxMisses: options.maxMisses,
      holdMs: options.holdMs,
      secondPath: suspicion.dialled?.found ?? null,
      patienceIsOver: now - this.lastAnswerAt >= patienceMs,
      many: massFailures.isMassSilence(now),
      heldForMs: suspicion.heldSince === null ? 0 : now - suspicion.heldSince,
    };
  }

  /** Acts on a judgement: marks the record, reports a void check or a held eviction, or condemns the server. */
  private act(judgement: Judgement, now: number): void {
    const { context, record, suspicion } = this;
    switch (judgement.kind) {
      case 'healthy':
        if (suspicion.heldSince !== null || suspicion.misses > 0) context.holds.clear(record);
        this.acquit(now);
        return this.mark({ suspect: 0, unheard: false });
      case 'void':
        if (judgement.reason !== 'first' && judgement.reason !== 'grace') context.self.reportVoid(judgement.reason);
        return;
      case 'missed':
        if (suspicion.misses === 0) context.log.info('server.suspect', { target: record.id, incarnation: record.incarnation });
        suspicion.misses = judgement.misses;
        return this.mark({ suspect: judgement.misses, unheard: this.marked.unheard });
      case 'held':
        suspicion.misses = judgement.misses;
        suspicion.heldSince ??= now;
        context.holds.report(record, judgement.reason, { misses: judgement.misses });
        if (judgement.reason === 'unheard') void this.checkStoreLoss(now);
        return this.mark({ suspect: judgement.misses, unheard: judgement.reason === 'unheard' });
      case 'condemned':
        suspicion.misses = judgement.misses;
        void this.condemn(judgement.reason);
        return;
      default:
        return judgement satisfies never;
    }
  }

  private acquit(now: number): void {
    this.lastAnswerAt = now;
    this.suspicion = newSuspicion();
  }

  private mark(eligibility: Eligibility): void {
    const before = this.marked;
    if (before.suspect === eligibility.suspect && before.unheard === eligibility.unheard) return;
    this.marked = { ...eligibility };
    this.context.marks.mark(this.record, before, eligibility, performance.now() - this.knownAliveAt);
  }

  /** Condemns a game server that has lost Redis. Called for a game server that answers on its link but not through Redis. */
  private async checkStoreLoss(now: number): Promise<void> {
    const { context, record, checkedAt } = this;
    if (record.type !== 'game' || this.isCondemning || now < this.storeLossCheckAt) return;
    this.storeLossCheckAt = now + VERDICT_RETRY_MS;
    try {
      if (checkedAt === null || context.self.voidReason(checkedAt, now) || !(await context.storeLossDetector.isLost(record))) return;
      const since = performance.now();
      const { heldSince, misses } = this.suspicion;
      if (heldSince === null || context.self.voidReason(checkedAt, since)) return;
      if (context.massFailures.isMassUnheard() && since - heldSince < context.options.holdMs)
        return context.holds.report(record, 'many', { reason: 'store-lost', misses });
      await this.condemn('store-lost');
    } catch (error) {
      context.self.distrust('store-unreachable', { error });
    }
  }

  private async condemn(reason: EvictionReason): Promise<void> {
    if (this.isCondemning) return;
    this.isCondemning = true;
    const { context, checkedAt } = this;
    try {
      // The cause of the silence is possibly this process or Redis, so this process checks both first.
      if (reason === 'silent' && !(await context.self.confirm(checkedAt))) return;
      const outcome = await context.verdicts.condemn(this.record, reason);
      if (outcome === 'over') context.onOver(this);
      else if (outcome === 'acquitted') this.acquit(performance.now());
    } catch (error) {
      context.self.distrust('store-unreachable', { error });
    } finally {
      this.isCondemning = false;
      this.condemnAgainAt = performance.now() + VERDICT_RETRY_MS;
      // Drops the result of the refused dial. One refused dial suffices for a verdict, so the next verdict needs a new dial.
      if (reason === 'refused') {
        this.suspicion.dialled = null;
        if (this.suspicion.misses > 0) this.dial();
      }
    }
  }

  private dialIfStale(now: number): void {
    const { dialled, diallingSince } = this.suspicion;
    const isFresh = dialled !== null && now - dialled.at < this.context.options.intervalMs;
    if (diallingSince === null && !isFresh) this.dial();
  }

  private dial(): void {
    const at = performance.now();
    const { suspicion } = this;
    suspicion.diallingSince = at;
    void this.context.dials.dial(this.record).then((found) => {
      // Ignores the result if a newer dial is in progress. If the server has answered a check during the dial, the monitor has replaced
      // this `suspicion`, and nothing reads the result.
      if (suspicion.diallingSince !== at) return;
      suspicion.diallingSince = null;
      suspicion.dialled = { at, found };
    });
  }
}

function newSuspicion(): Suspicion {
  return { misses: 0, isUrgent: false, diallingSince: null, dialled: null, heldSince: null };
}
