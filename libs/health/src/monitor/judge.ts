import type { ProbeResult } from '#libs/link';
import type { StoreTrouble } from '../evidence/store-probe.js';
import type { EvictionReason } from '../ports.js';
import type { HoldReason } from '../voting/eviction-holds.js';

/**
 * Why a check says nothing about the server. `loop-late`: this process was away. `grace`: the server has just registered. `first`: no
 * check waited for an answer.
 */
export type VoidReason = StoreTrouble | 'loop-late' | 'grace' | 'first';

export type Judgement =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'void'; readonly reason: VoidReason }
  | { readonly kind: 'missed'; readonly misses: number }
  | { readonly kind: 'held'; readonly reason: HoldReason; readonly misses: number }
  | { readonly kind: 'condemned'; readonly reason: EvictionReason; readonly misses: number };

/** What one look at a server showed. */
export interface Seen {
  /** `unasked`: no question was open. `unanswered`: it still says `testing`, or there is no record at all. */
  readonly answer: 'unasked' | 'answered' | 'unanswered';
  /** Null: this checker trusts itself and the store since the question was asked. */
  readonly doubt: VoidReason | null;
  readonly inGrace: boolean;
  readonly missesBefore: number;
}

/** What else is known once checks were missed. */
export interface Case {
  readonly misses: number;
  readonly maxMisses: number;
  /** What its link port said when it was dialled since it was last heard; null: not known yet. */
  readonly secondPath: ProbeResult | null;
  /** Silent for longer than a server as busy as it last said it was. */
  readonly patienceIsOver: boolean;
  /** Too many are silent at once for this to be each one's own death. */
  readonly many: boolean;
  readonly heldForMs: number;
  readonly holdMs: number;
}

/** The verdict of a health check: pure, all brakes in one place. Who acts on it has one more look at the store and asks for votes. */
export function judge(seen: Seen, rest: Omit<Case, 'misses'>): Judgement {
  if (seen.answer === 'answered') return { kind: 'healthy' };
  if (seen.answer === 'unasked') return { kind: 'void', reason: 'first' };
  if (seen.doubt) return { kind: 'void', reason: seen.doubt };
  if (seen.inGrace) return { kind: 'void', reason: 'grace' };
  return judgeCase({ ...rest, misses: seen.missesBefore + 1 });
}

/** The same for a server with misses of which more has become known, without another check. */
export function judgeCase({ misses, maxMisses, secondPath, patienceIsOver, many, heldForMs, holdMs }: Case): Judgement {
  // Nobody listens there: no need to wait for a second miss, however many others there are.
  if (secondPath === 'refused') return { kind: 'condemned', reason: 'refused', misses };
  if (misses < maxMisses || secondPath === null) return { kind: 'missed', misses };
  if (secondPath === 'answered') return { kind: 'held', reason: 'unheard', misses };
  if (!patienceIsOver) return { kind: 'missed', misses };
  if (many && heldForMs < holdMs) return { kind: 'held', reason: 'many', misses };
  return { kind: 'condemned', reason: 'silent', misses };
}
