import type { ProbeResult } from '#libs/link';
import type { StoreTrouble } from '../evidence/store-probe.js';
import type { EvictionReason } from '../ports.js';
import type { HoldReason } from '../voting/eviction-holds.js';

/**
 * The reason why a check is no evidence about the server. `loop-late`: this process was suspended or busy. `grace`: the server has just
 * registered. `first`: no check waited for an answer. `StoreTrouble`: Redis failed.
 */
export type VoidReason = StoreTrouble | 'loop-late' | 'grace' | 'first';

export type Judgement =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'void'; readonly reason: VoidReason }
  | { readonly kind: 'missed'; readonly misses: number }
  | { readonly kind: 'held'; readonly reason: HoldReason; readonly misses: number }
  | { readonly kind: 'condemned'; readonly reason: EvictionReason; readonly misses: number };

/** The result of one check. */
export interface CheckResult {
  /** `not-due`: no check waited for an answer. `unanswered`: the check in the record is still `testing`, or there is no record. */
  readonly answer: 'not-due' | 'answered' | 'unanswered';
  /**
   * The reason why the check does not count. Null: the check counts, because this process and Redis have worked without a failure since the
   * check was sent.
   */
  readonly doubt: VoidReason | null;
  readonly inGrace: boolean;
  readonly missesBefore: number;
}

/** The evidence about a server that missed checks. */
export interface MissEvidence {
  readonly misses: number;
  readonly maxMisses: number;
  /** The result of a dial since the last answer. Null: no dial has ended yet. */
  readonly secondPath: ProbeResult | null;
  /** True: the silence of the server is longer than its last reported event-loop lag can explain. */
  readonly patienceIsOver: boolean;
  /** True: many servers are silent at the same time, so they probably have one common cause. */
  readonly many: boolean;
  readonly heldForMs: number;
  readonly holdMs: number;
}

/**
 * Judges one health check of a server. Pure. `judge-unreached.ts` judges servers that gateways cannot reach by link. A verdict on silence
 * needs one more check of Redis. Every verdict needs the votes of a majority of the gateways.
 */
export function judge(result: CheckResult, evidence: Omit<MissEvidence, 'misses'>): Judgement {
  if (result.answer === 'answered') return { kind: 'healthy' };
  if (result.answer === 'not-due') return { kind: 'void', reason: 'first' };
  if (result.doubt) return { kind: 'void', reason: result.doubt };
  if (result.inGrace) return { kind: 'void', reason: 'grace' };
  return judgeMisses({ ...evidence, misses: result.missesBefore + 1 });
}

/** Judges a server that missed checks. Called after a check, and when new evidence arrives between two checks. */
export function judgeMisses({ misses, maxMisses, secondPath, patienceIsOver, many, heldForMs, holdMs }: MissEvidence): Judgement {
  // A refused dial proves that no process listens on the port. So the verdict does not depend on the number of misses or on failures of
  // other servers.
  if (secondPath === 'refused') return { kind: 'condemned', reason: 'refused', misses };
  if (misses < maxMisses || secondPath === null) return { kind: 'missed', misses };
  if (secondPath === 'answered') return { kind: 'held', reason: 'unheard', misses };
  if (!patienceIsOver) return { kind: 'missed', misses };
  if (many && heldForMs < holdMs) return { kind: 'held', reason: 'many', misses };
  return { kind: 'condemned', reason: 'silent', misses };
}
