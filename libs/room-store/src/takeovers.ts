/**
 * An owner took the room up after the loss of the owner before. What that one, or one before it, had told beyond `version` is
 * undone: the versions that follow are others.
 */
export interface Takeover {
  /** Of the owner that took the room up. */
  readonly epoch: number;
  readonly version: number;
}

/**
 * To which version a room was wound back for a client that holds `version`, as an owner of epoch `epoch` told it; null: it holds
 * what still is.
 */
export function rewoundBy(takeovers: readonly Takeover[], version: number, epoch: number): number | null {
  // Versions rise from one to the next, so the first after that owner is the one that went back furthest.
  const takeover = takeovers.find((later) => later.epoch > epoch);
  return takeover !== undefined && version > takeover.version ? takeover.version : null;
}

/** Those of both lists, by epoch, without such as a later one went back behind. */
export function joinTakeovers(some: readonly Takeover[], others: readonly Takeover[]): readonly Takeover[] {
  const joined: Takeover[] = [];
  for (const takeover of [...some, ...others].sort((one, other) => one.epoch - other.epoch)) {
    while (joined.length > 0 && joined[joined.length - 1].version >= takeover.version) joined.pop();
    joined.push(takeover);
  }
  return joined;
}

/** As `adopt.lua` writes them: `EPOCH:VERSION`, with spaces between. */
export function readTakeovers(text: string): readonly Takeover[] {
  return [...text.matchAll(/(\d+):(\d+)/g)].map(([, epoch, version]) => ({ epoch: Number(epoch), version: Number(version) }));
}
