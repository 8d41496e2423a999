/** One entry in a game of the kind `chain`: a command with its number, or a timer event (`beat`). */
export interface Entry {
  readonly kind: 'add' | 'beat';
  /** The id that the player chose for the command. For a timer event (`beat`), its time in ms since 1970. */
  readonly id: string;
  readonly seat: number;
  readonly n: number;
}

/** The event that the game emits for each entry. */
export interface Link extends Entry {
  readonly game: string;
  /** The number of the entry in its game, from 1 and without gaps. */
  readonly index: number;
  /** The hash of this entry and all entries before it. */
  readonly hash: number;
}

export interface ChainResult {
  readonly game: string;
  readonly entries: readonly Entry[];
  readonly hash: number;
}

export const FIRST_HASH = 0x811c9dc5;
export const BEAT_MS = 1_000;

/** Returns the hash after one more entry (FNV-1a, 32 bits). Two different sequences almost certainly have different hashes. */
export function nextHash(hash: number, { kind, id, seat, n }: Entry): number {
  let next = hash;
  for (const character of `${kind} ${id} ${seat} ${n};`) {
    next ^= character.charCodeAt(0);
    next = Math.imul(next, 0x01000193);
  }
  return next >>> 0;
}
