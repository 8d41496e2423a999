import { Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { Log } from '#libs/telemetry';
import { answerTo } from '../admin-error.filter.js';
import { type ActEnd, AuditLog, type BegunAct, type NewAct } from './audit-log.js';
import type { ActView } from './audit-schemas.js';
import type { RunningAct } from './running-act.js';

/** Maximum number of attempts to write the end of an act. */
const END_TRIES = 30;
/** Time between two attempts to write the end of an act, in ms. */
const END_RETRY_MS = 1_000;

/**
 * Maximum budget of one actor, in refused acts. While the budget is empty, the audit log stores no refused act of the actor. Without this
 * limit, a viewer could push the acts of operators out of the log.
 */
const REFUSALS_BURST = 20;
/** Time in ms in which the budget of an actor grows by one refused act. */
const REFUSAL_EACH_MS = 60_000;

/** `left`: the budget of one actor, in refused acts, at the time `at` of the monotonic clock. */
interface RefusalBudget {
  left: number;
  at: number;
}

/** Writes the beginning, the progress and the end of each act into the audit log. */
@Injectable()
export class ActTracker {
  /** The budgets of actors, by name. The map stays small, because each name belongs to a token in the settings. */
  private readonly refusals = new Map<string, RefusalBudget>();

  constructor(
    private readonly audit: AuditLog,
    private readonly log: Log,
  ) {}

  /** Writes the start of an operator's act to the audit log. Rejects when Redis does not answer, so that no act runs without an entry. */
  async begin(act: NewAct): Promise<RunningAct> {
    return new TrackedAct(await this.audit.begin(act), this.audit, this.log);
  }

  /**
   * Records an act that is refused before it begins: always in the log of the server, and in the audit log within a limit. Never rejects:
   * the refusal must not depend on the store.
   */
  async refused(act: NewAct, error: unknown): Promise<void> {
    const { outcome, code } = endOf(error);
    this.log.info('operator.acted', { actor: act.actor.name, act: act.act, target: act.target, outcome, ...(code && { code }) });
    if (!this.takeRefusal(act.actor.name)) return;
    await this.audit.begin(act, endOf(error)).catch((cause: unknown) => {
      this.log.warn('audit.refusal-unwritten', { act: act.act, target: act.target, actor: act.actor.name, error: cause });
    });
  }

  private takeRefusal(actor: string): boolean {
    const now = performance.now();
    const budget = this.refusals.get(actor) ?? { left: REFUSALS_BURST, at: now };
    const more = Math.floor((now - budget.at) / REFUSAL_EACH_MS);
    budget.left = Math.min(REFUSALS_BURST, budget.left + more);
    budget.at += more * REFUSAL_EACH_MS;
    this.refusals.set(actor, budget);
    if (budget.left === 0) return false;
    budget.left -= 1;
    return true;
  }
}

class TrackedAct implements RunningAct {
  private latest: ActView['progress'] = null;
  private isDetached = false;

  constructor(
    private readonly begun: BegunAct,
    private readonly audit: AuditLog,
    private readonly log: Log,
  ) {}

  get id(): string {
    return this.begun.id;
  }

  async progress(progress: NonNullable<ActView['progress']>): Promise<void> {
    this.latest = progress;
    await this.audit.progress(this.begun, progress).catch((error: unknown) => this.log.debug('audit.progress-unwritten', { error }));
  }

  endsWith(work: Promise<object>): void {
    this.isDetached = true;
    void work.then(
      (answer) => this.end(doneWith(answer)),
      (error: unknown) => this.end(endOf(error)),
    );
  }

  async succeeded(answer: object): Promise<void> {
    if (!this.isDetached) await this.end(doneWith(answer));
  }

  async failed(error: unknown): Promise<void> {
    if (!this.isDetached) await this.end(endOf(error));
  }

  /** Writes the end of the act. Resolves after the first attempt. If this attempt fails, further attempts follow in the background. */
  private async end(end: ActEnd): Promise<void> {
    const { actor, act, target } = this.begun.stored;
    this.log.info('operator.acted', { actor, act, target, outcome: end.outcome, ...(end.code && { code: end.code }) });
    const write = (): Promise<void> => this.audit.end(this.begun, end, this.latest);
    await write().catch(() => void this.endLater(write));
  }

  private async endLater(write: () => Promise<void>): Promise<void> {
    for (let tries = 1; tries < END_TRIES; tries++) {
      await sleep(END_RETRY_MS);
      const error = await write().catch((cause: unknown) => cause);
      if (error === undefined) return;
      if (tries === END_TRIES - 1) this.log.warn('audit.end-unwritten', { act: this.begun.id, error });
    }
  }
}

function doneWith(answer: object): ActEnd {
  const scalars = Object.entries(answer).filter(([, value]) => value === null || ['string', 'number', 'boolean'].includes(typeof value));
  // The answer to a cordon describes the whole server, so the log does not store it as the result of the act.
  const result = scalars.length === 0 || 'incarnation' in answer ? null : Object.fromEntries(scalars);
  return { outcome: 'done', code: null, message: null, result };
}

/** Returns the end of an act that threw `error`. The act was refused if the HTTP status of the error is below 500. Otherwise it failed. */
function endOf(error: unknown): ActEnd {
  const { status, body } = answerTo(error);
  return { outcome: status < 500 ? 'refused' : 'failed', code: body.code, message: body.message.slice(0, 300), result: null };
}
