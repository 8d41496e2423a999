import { compareService, type RatingList, type RatingListEntry } from './rating-list.js';

/**
 * Iterates over all entries of several lists except taken entries, nearest rating first. Entries of one list with equal ratings come in the
 * order of service.
 */
export class NearestWalk<Entry extends RatingListEntry> {
  private readonly sides: Side<Entry>[] = [];

  constructor(
    lists: readonly RatingList<Entry>[],
    private readonly mu: number,
  ) {
    for (const list of lists) {
      if (list.length === 0) continue;
      const position = list.positionOf(mu);
      const [up, down] = [new UpperSide(list, position), new LowerSide(list, position - 1)];
      if (up.entry) this.sides.push(up);
      if (down.entry) this.sides.push(down);
    }
  }

  /** Returns the next entry. Undefined: there is no further entry within this distance. */
  next(distanceMax: number): Entry | undefined {
    const { sides, mu } = this;
    let best: Side<Entry> | undefined;
    let bestAt = 0;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (let at = 0; at < sides.length; at++) {
      const side = sides[at]!;
      const distance = Math.abs(side.entry!.mu - mu);
      if (distance > distanceMax) continue;
      if (!best || distance < bestDistance || (distance === bestDistance && compareService(side.entry!, best.entry!) < 0)) {
        best = side;
        bestAt = at;
        bestDistance = distance;
      }
    }
    if (!best) return undefined;
    const entry = best.entry!;
    best.advance();
    if (!best.entry) {
      sides[bestAt] = sides[sides.length - 1]!;
      sides.pop();
    }
    return entry;
  }

  /** Skips all further entries of this size. Each list has entries of only one size. */
  drop(size: number): void {
    const { sides } = this;
    for (let at = sides.length - 1; at >= 0; at--) if (sides[at]!.entry!.size === size) sides.splice(at, 1);
  }
}

interface Side<Entry> {
  /** The next entry on this side of the searched rating. Undefined: there is no further entry. */
  entry: Entry | undefined;
  advance(): void;
}

class UpperSide<Entry extends RatingListEntry> implements Side<Entry> {
  entry: Entry | undefined;
  private position: number;

  constructor(
    private readonly list: RatingList<Entry>,
    from: number,
  ) {
    this.position = list.firstFreeFrom(from);
    this.entry = this.position < list.length ? list.at(this.position) : undefined;
  }

  advance(): void {
    this.position = this.list.firstFreeFrom(this.position + 1);
    this.entry = this.position < this.list.length ? this.list.at(this.position) : undefined;
  }
}

/**
 * The entries with a lower rating, highest rating first. Entries with equal ratings keep the order of the list, so that the entry with the
 * longest waiting time is first.
 */
class LowerSide<Entry extends RatingListEntry> implements Side<Entry> {
  entry: Entry | undefined;
  private position = -1;
  private runStart = -1;
  private runEnd = -1;

  constructor(
    private readonly list: RatingList<Entry>,
    from: number,
  ) {
    this.beginRun(from);
  }

  advance(): void {
    if (this.position < this.runEnd) {
      this.position = this.list.firstFreeFrom(this.position + 1);
      if (this.position <= this.runEnd) {
        this.entry = this.list.at(this.position);
        return;
      }
    }
    this.beginRun(this.runStart - 1);
  }

  private beginRun(from: number): void {
    const { list } = this;
    const end = from < 0 ? -1 : list.lastFreeUpTo(from);
    if (end < 0) {
      this.entry = undefined;
      return;
    }
    const { mu } = list.at(end);
    const isAlone = end === 0 || list.at(end - 1).mu !== mu;
    this.runEnd = end;
    this.runStart = isAlone ? end : list.positionOf(mu);
    this.position = isAlone ? end : list.firstFreeFrom(this.runStart);
    this.entry = list.at(this.position);
  }
}
