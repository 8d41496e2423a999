/** An entry of a list that is sorted by rating. Entries with equal ratings are in the order of service. */
export interface RatingListEntry {
  readonly id: string;
  readonly mu: number;
  /** Number of players of the entry. */
  readonly size: number;
  /** Position in the order of service. A lower position is served earlier. */
  readonly order: number;
  /** True: the entry is not in the queue any more. */
  isGone: boolean;
  /** The last round in which a proposed match included the entry. */
  takenIn: number;
}

/**
 * Entries in the order of their ratings. The list collects additions and removals and merges them together, because a queue of 100,000
 * entries has thousands of changes between two rounds. It skips the entries that were taken in the current round in almost constant time.
 */
export class RatingList<Entry extends RatingListEntry> {
  private entries: Entry[] = [];
  private added: Entry[] = [];
  private hasGone = false;
  private round = -1;
  /**
   * For each position, the position at which a search for the next entry that is not taken continues. All entries between the two positions
   * are taken.
   */
  private readonly after: number[] = [];
  private readonly before: number[] = [];

  get length(): number {
    return this.entries.length;
  }

  add(entry: Entry): void {
    this.added.push(entry);
  }

  /** Records that an entry of this list has left the queue. */
  noteGone(): void {
    this.hasGone = true;
  }

  /** Merges the collected changes. Call this method before a round. */
  merge(): void {
    if (this.added.length === 0 && !this.hasGone) return;
    const remaining = this.hasGone ? this.entries.filter(({ isGone }) => !isGone) : this.entries;
    const added = this.added.filter(({ isGone }) => !isGone).sort(compareRatings);
    this.entries = mergeSorted(remaining, added, compareRatings);
    this.added = [];
    this.hasGone = false;
    this.round = -1;
  }

  /** Prepares the list for a round: marks every entry as not taken. */
  begin(round: number): void {
    if (this.round === round) return;
    this.round = round;
    const { after, before, entries } = this;
    after.length = entries.length + 1;
    before.length = entries.length + 1;
    for (let at = 0; at <= entries.length; at++) {
      after[at] = at;
      before[at] = at;
    }
  }

  at(position: number): Entry {
    return this.entries[position]!;
  }

  /** Returns the first position whose entry has at least this rating. */
  positionOf(mu: number): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.mu < mu) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Returns the first position at or after `position` whose entry is not taken. Returns `length` when all these entries are taken. */
  firstFreeFrom(position: number): number {
    const { after, entries, round } = this;
    let at = position;
    for (;;) {
      while (after[at] !== at) at = after[at] = after[after[at]!]!;
      if (at >= entries.length || entries[at]!.takenIn !== round) break;
      after[at] = at + 1;
    }
    return at;
  }

  /** Returns the last position at or before `position` whose entry is not taken. Returns -1 when all these entries are taken. */
  lastFreeUpTo(position: number): number {
    // `before` has positions plus 1, so that 0 means "no position".
    const { before, entries, round } = this;
    let at = position + 1;
    for (;;) {
      while (before[at] !== at) at = before[at] = before[before[at]!]!;
      if (at === 0 || entries[at - 1]!.takenIn !== round) break;
      before[at] = at - 1;
    }
    return at - 1;
  }
}

export function mergeSorted<Entry>(some: readonly Entry[], others: readonly Entry[], compare: (a: Entry, b: Entry) => number): Entry[] {
  if (others.length === 0) return some as Entry[];
  const merged = new Array<Entry>(some.length + others.length);
  let [at, other] = [0, 0];
  for (let index = 0; index < merged.length; index++) {
    const isFirst = other >= others.length || (at < some.length && compare(some[at]!, others[other]!) <= 0);
    merged[index] = isFirst ? some[at++]! : others[other++]!;
  }
  return merged;
}

function compareRatings(a: RatingListEntry, b: RatingListEntry): number {
  return a.mu - b.mu || compareService(a, b);
}

/** Compares entries by the order of service: the entry with the longer waiting time is first. */
export function compareService(a: Pick<RatingListEntry, 'order' | 'id'>, b: Pick<RatingListEntry, 'order' | 'id'>): number {
  return a.order - b.order || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
