/** One thing that happened in a game of chain: a command's number, or a beat of its clock. */
export interface Entry {
  readonly kind: 'add' | 'beat';
  /** A command's own, given by who sent it; of a beat, when it was, in ms since 1970. */
  readonly id: string;
  readonly seat: number;
  readonly n: number;
}

/** What is emitted with each entry. */
export interface Link extends Entry {
  readonly game: string;
  /** From 1 on, without gaps. */
  readonly index: number;
  /** Of this entry and all before it. */
  readonly hash: number;
}

/** How a game ends. */
export interface ChainResult {
  readonly game: string;
  readonly entries: readonly Entry[];
  readonly hash: number;
}

export const FIRST_HASH = 0x811c9dc5;
export const BEAT_MS = 1_000;

/** Two rows of entries that differ anywhere differ in their last hash. Source: FNV-1a, 32 bits. */
export function nextHash(hash: number, { kind, id, seat, n }: Entry): number {
  let next = hash;
  for (const character of `${kind} ${id} ${seat} ${n};`) {
    next ^= character.charCodeAt(0);
    next = Math.imul(next, 0x01000193);
  }
  return next >>> 0;
}
