import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Self, ServerDirectory } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections, StoreClock } from '#libs/redis';
import type { Actor } from '../access/roles.js';
import { DRAIN_WAIT_MS } from '../admin.options.js';
import { fullId } from '../server-reader.js';
import type { Act, ActView, AuditAnswer, AuditQuery } from './audit-schemas.js';
import { actOrderKey, actsKey, beginAct, updateAct } from './scripts/audit-scripts.js';

/** Limits of the audit log. An act has some 400 bytes, so the log needs about 4 MB. */
export const AUDIT_LIMITS = { actsMax: 10_000, keptMs: 90 * 86_400_000 };
/** Number of acts in one read of the log, for a page with a filter. */
const ACTS_READ_AT_ONCE = 500;
/**
 * Maximum duration of an act, in ms. An act that is older than this and has no end counts as lost, because its gateway did not store the
 * end.
 */
const ACT_MS_MAX = DRAIN_WAIT_MS + 60_000;

/** A new act, before it has an end. */
export interface NewAct {
  readonly actor: Actor;
  readonly act: Act;
  readonly target: string;
  readonly note: string | null;
  readonly input: Readonly<Record<string, unknown>> | null;
}

export type ActEnd = Pick<ActView, 'outcome' | 'code' | 'message' | 'result'>;

/** An act as Redis stores it. The id of the act contains the time at which the act began. */
type StoredAct = Omit<ActView, 'id' | 'at'> & { readonly incarnation: number };

/** An act of this gateway that has begun. */
export interface BegunAct {
  readonly id: string;
  readonly stored: StoredAct;
}

const RUNNING: ActEnd = { outcome: 'running', code: null, message: null, result: null };

/**
 * The acts of operators, in Redis, within `AUDIT_LIMITS`. An act is stored before it begins and again at its end, so an act whose gateway
 * dies stays in the log (`lost`). All gateways read the same log.
 */
@Injectable()
export class AuditLog {
  constructor(
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly clock: StoreClock,
  ) {}

  /** Stores a new act. `end`: the end of an act that has already ended, such as a refused act. Rejects when Redis does not answer. */
  async begin({ actor, ...act }: NewAct, end: ActEnd = RUNNING): Promise<BegunAct> {
    const endedAt = end.outcome === 'running' ? null : this.now();
    const { id: gateway, incarnation } = this.self;
    const stored: StoredAct = { ...act, actor: actor.name, role: actor.role, gateway, incarnation, ...end, progress: null, endedAt };
    const id = await beginAct(this.redis.commands, randomBytes(4).toString('hex'), JSON.stringify(stored), AUDIT_LIMITS);
    return { id, stored };
  }

  async end(act: BegunAct, end: ActEnd, progress: ActView['progress'] = null): Promise<void> {
    await updateAct(this.redis.commands, act.id, JSON.stringify({ ...act.stored, ...end, progress, endedAt: this.now() }));
  }

  async progress(act: BegunAct, progress: ActView['progress']): Promise<void> {
    await updateAct(this.redis.commands, act.id, JSON.stringify({ ...act.stored, progress }));
  }

  async read(id: string): Promise<ActView | null> {
    return this.viewOf(id, await this.redis.commands.hget(actsKey(), id));
  }

  /**
   * Returns a page of acts, newest first. With a filter, a page may need several reads. In the worst case, these reads cover all stored
   * acts.
   */
  async page({ actor, act, target, limit, after }: AuditQuery): Promise<AuditAnswer> {
    const isWanted = (one: ActView): boolean =>
      (actor === undefined || one.actor === actor) &&
      (act === undefined || one.act === act) &&
      (target === undefined || isTarget(one, target));
    const isFiltered = (actor ?? act ?? target) !== undefined;
    const found: ActView[] = [];
    for (let at = after === undefined ? '+' : `(${after}`; ; ) {
      const count = isFiltered ? ACTS_READ_AT_ONCE : limit + 1;
      const ids = await this.redis.commands.zrevrangebylex(actOrderKey(), at, '-', 'LIMIT', 0, count);
      const texts = ids.length === 0 ? [] : await this.redis.commands.hmget(actsKey(), ...ids);
      for (const [index, id] of ids.entries()) {
        const one = this.viewOf(id, texts[index] ?? null);
        if (one && isWanted(one)) found.push(one);
        if (found.length > limit) break;
      }
      if (found.length > limit || ids.length < count) break;
      at = `(${ids[ids.length - 1]}`;
    }
    const acts = found.slice(0, limit);
    return { acts, next: found.length > limit ? acts[acts.length - 1]!.id : null };
  }

  /** Returns null when the text is not an act, because another program may write to the log. */
  private viewOf(id: string, text: string | null): ActView | null {
    const at = Number(/^(\d{13})-/.exec(id)?.[1]);
    if (text === null || !Number.isFinite(at)) return null;
    try {
      const { incarnation, ...act } = JSON.parse(text) as StoredAct;
      const isLost = act.outcome === 'running' && (this.now() - at > ACT_MS_MAX || !this.isAlive(act.gateway, incarnation));
      return { id, at, ...act, ...(isLost && { outcome: 'lost' as const }) };
    } catch {
      return null;
    }
  }

  private isAlive(gateway: string, incarnation: number): boolean {
    const { id, incarnation: own } = this.self;
    if (gateway === id) return incarnation === own;
    const record = this.directory.get(gateway as ServerId);
    return record !== undefined && record.state !== 'dead' && record.incarnation === incarnation;
  }

  private now(): number {
    return Math.round(this.clock.storeTime());
  }
}

/** Returns whether the target of an act is `target`. The id of a server may have the prefix of the fleet, in the act and in `target`. */
function isTarget({ act, target: stored }: ActView, target: string): boolean {
  return act.startsWith('server.') ? fullId(stored) === fullId(target) : stored === target;
}
