/** What a gateway knows of a server that it cannot reach by link, and that the store hears. */
export interface UnreachedCase {
  /** Gateways that say the same, this one among them, and how many there are. */
  readonly reports: number;
  readonly gateways: number;
  /** What the server has. One without rooms keeps nobody waiting. */
  readonly rooms: number;
  /** This gateway reaches another server of the type, to which the rooms can go. */
  readonly othersReached: boolean;
  /** So many servers are unreachable at once that one cause is likelier. */
  readonly many: boolean;
  readonly heldForMs: number;
  readonly holdMs: number;
  /** For how long this gateway has said so, and for how long it must before it takes itself for the one that is cut off. */
  readonly reportedForMs: number;
  readonly aloneMs: number;
}

export type UnreachedJudgement =
  | { readonly kind: 'wait' }
  /** Enough gateways say so: its rooms go to servers that can be reached. */
  | { readonly kind: 'condemned' }
  | { readonly kind: 'held' }
  /** Most gateways reach it: it is this one that is cut off. */
  | { readonly kind: 'alone' };

/** Pure. A majority of the gateways evicts, as in every verdict; a gateway that stays without one looks to its own players. */
export function judgeUnreached(seen: UnreachedCase): UnreachedJudgement {
  const { reports, gateways, rooms, othersReached, many, heldForMs, holdMs, reportedForMs, aloneMs } = seen;
  if (reports < Math.floor(gateways / 2) + 1) return reportedForMs < aloneMs ? { kind: 'wait' } : { kind: 'alone' };
  if (rooms === 0 || !othersReached) return { kind: 'wait' };
  return many && heldForMs < holdMs ? { kind: 'held' } : { kind: 'condemned' };
}
