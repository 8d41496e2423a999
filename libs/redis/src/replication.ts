/**
 * The fields of `INFO replication` that decide whether a server may move to another Redis. `id`: the id of the current history.
 * `previousId`: the id of the history that this Redis replicated before it became the primary.
 */
export interface Replication {
  readonly role: string;
  readonly id: string;
  readonly previousId: string;
}

/**
 * The reason why a server stays at its old Redis. `unreachable`: the new Redis does not answer. `replica`: the new Redis is still a
 * replica. `other-data`: the new Redis has another history. `old-primary`: the old Redis still takes writes. `old-silent`: the old Redis
 * does not answer, but counts as gone only after the time in `OLD_GONE`.
 */
export type WaitReason = 'unreachable' | 'replica' | 'old-primary' | 'old-silent' | 'other-data';

/** Requests to the old Redis that failed one after another. */
export interface Silence {
  /** Number of the failed requests. */
  readonly failures: number;
  /** Time since the first of these requests failed, in ms. */
  readonly ms: number;
}

/**
 * The old Redis counts as gone when this number of requests failed one after another, for at least this time. One failure can be a short
 * break of the network, during which the old Redis still takes writes of other servers. The time alone would not be enough, because a
 * process that was suspended measures a long time without sending requests.
 */
export const OLD_GONE = { failures: 5, ms: 3_000 } as const satisfies Silence;

/** Reads the answer to `INFO replication`. Pure. */
export function readReplication(info: string): Replication {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return { role: field('role'), id: field('master_replid'), previousId: field('master_replid2') };
}

/**
 * Decides whether a server may leave its old Redis for a new one. `old`, `next`: the answers of the old and the new Redis; null: no answer.
 * `silence`: the failed requests since the last answer of the old Redis. `history`: the `id` of the old Redis when it was last seen as the
 * primary. Pure.
 */
export function judgeMove({
  old,
  next,
  silence,
  history,
}: {
  readonly old: Replication | null;
  readonly next: Replication | null;
  readonly silence: Silence;
  readonly history: string | null;
}): 'move' | WaitReason {
  if (next === null) return 'unreachable';
  if (next.role !== 'master') return 'replica';
  if (old?.role === 'master') return 'old-primary';
  const isSuccessor = next.previousId === history || old?.id === next.id;
  if (!isSuccessor) return 'other-data';
  const isGone = silence.failures >= OLD_GONE.failures && silence.ms >= OLD_GONE.ms;
  return old !== null || isGone ? 'move' : 'old-silent';
}
