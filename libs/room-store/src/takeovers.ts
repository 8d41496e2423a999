/**
 * An adoption after the loss of an owner. Changes beyond `version` that earlier owners sent to clients are lost. The new owner makes other
 * changes with the same version numbers.
 */
export interface Takeover {
  /** The epoch of the owner that adopted the room. */
  readonly epoch: number;
  readonly version: number;
}

/**
 * Returns the version to which the room was rewound, for a client that received `version` from the owner of epoch `epoch`. Null when the
 * client's version is still part of the history.
 */
export function rewoundBy(takeovers: readonly Takeover[], version: number, epoch: number): number | null {
  // The versions rise along the list, so the first takeover after `epoch` is the one with the lowest version.
  const takeover = takeovers.find((later) => later.epoch > epoch);
  return takeover !== undefined && version > takeover.version ? takeover.version : null;
}

/** Joins two lists, in the order of epochs. Omits a takeover when a later one has the same or a lower version. */
export function joinTakeovers(some: readonly Takeover[], others: readonly Takeover[]): readonly Takeover[] {
  const joined: Takeover[] = [];
  for (const takeover of [...some, ...others].sort((one, other) => one.epoch - other.epoch)) {
    while (joined.length > 0 && joined[joined.length - 1]!.version >= takeover.version) joined.pop();
    joined.push(takeover);
  }
  return joined;
}

/** Parses the list that `adopt.lua` writes: `EPOCH:VERSION`, separated by spaces. */
export function readTakeovers(text: string): readonly Takeover[] {
  return [...text.matchAll(/(\d+):(\d+)/g)].map(([, epoch, version]) => ({ epoch: Number(epoch), version: Number(version) }));
}
