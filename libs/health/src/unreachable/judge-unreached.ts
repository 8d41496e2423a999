/** The evidence about a server that answers health checks but that this gateway cannot reach by link. */
export interface UnreachedEvidence {
  /** The number of gateways that report the server as unreachable, including this gateway. */
  readonly reports: number;
  /** The number of all gateways. */
  readonly gateways: number;
  /** The number of rooms on the server. A server without rooms is not evicted, because no player waits for it. */
  readonly rooms: number;
  /** True: this gateway reaches another game server, which can take the rooms. */
  readonly othersReached: boolean;
  /** True: many servers are unreachable at the same time, so they probably have one common cause. */
  readonly many: boolean;
  readonly heldForMs: number;
  readonly holdMs: number;
  /**
   * The time since this gateway's first report about the server, in ms. After `cutOffMs` without a majority, the gateway is cut off itself.
   */
  readonly reportedForMs: number;
  readonly cutOffMs: number;
}

export type UnreachedJudgement =
  | { readonly kind: 'wait' }
  /** A majority of the gateways reports the server, so other servers adopt its rooms. */
  | { readonly kind: 'condemned' }
  | { readonly kind: 'held' }
  /** No majority of the gateways reports the server, so this gateway is cut off itself. */
  | { readonly kind: 'alone' };

/**
 * Judges a server that this gateway cannot reach by link. Pure. A majority of the gateways condemns the server. A gateway that gets no
 * majority sends its own players to other gateways.
 */
export function judgeUnreached(evidence: UnreachedEvidence): UnreachedJudgement {
  const { reports, gateways, rooms, othersReached, many, heldForMs, holdMs, reportedForMs, cutOffMs } = evidence;
  if (reports < Math.floor(gateways / 2) + 1) return reportedForMs < cutOffMs ? { kind: 'wait' } : { kind: 'alone' };
  if (rooms === 0 || !othersReached) return { kind: 'wait' };
  return many && heldForMs < holdMs ? { kind: 'held' } : { kind: 'condemned' };
}
