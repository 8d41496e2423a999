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
 * The reason why a server stays at its old Redis: the new one does not answer (`unreachable`), is still a replica (`replica`), has another
 * history (`other-data`), or the old one still takes writes (`old-primary`).
 */
export type WaitReason = 'unreachable' | 'replica' | 'old-primary' | 'other-data';

/** Reads the answer to `INFO replication`. Pure. */
export function readReplication(info: string): Replication {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return { role: field('role'), id: field('master_replid'), previousId: field('master_replid2') };
}

/**
 * Decides whether a server may leave its old Redis for a new one. `old`, `next`: the answers of the two; null: no answer. `history`: the
 * `id` of the old Redis when it was last seen as the primary. Pure.
 */
export function judgeMove({
  old,
  next,
  history,
}: {
  readonly old: Replication | null;
  readonly next: Replication | null;
  readonly history: string | null;
}): 'move' | WaitReason {
  if (next === null) return 'unreachable';
  if (next.role !== 'master') return 'replica';
  if (old?.role === 'master') return 'old-primary';
  const isSuccessor = next.previousId === history || old?.id === next.id;
  return isSuccessor ? 'move' : 'other-data';
}
