import { pack, type Seat } from '#libs/protocol';
import type { Change } from '#libs/room';
import type { ToldChange, ToldTail } from '#libs/room-store';
import { RECENT_CHANGES_MAX, TOLD_BYTES_MAX } from './room-host.options.js';

/**
 * A room's last durable changes, for clients that come back: whole, so that they get patches, and, further back, only
 * what was told in them, so that one who gets a snapshot still hears every event once.
 *
 * Invariant: `changes` has no hole and ends at `upTo`, or is empty; `told` has every event after `toldSince`.
 */
export class RecentChanges {
  private readonly changes: Change[] = [];
  private readonly told: ToldChange[];
  private toldSince: number;

  /** @param upTo the version that `tail` reaches to */
  constructor(
    { since, changes }: Pick<ToldTail, 'since' | 'changes'>,
    private upTo: number,
  ) {
    this.toldSince = since;
    this.told = [...changes];
  }

  /** Changes that follow each other, newest last; those that the tail knew already are only kept whole. */
  push(changes: readonly Change[]): void {
    for (const change of changes) this.changes.push(change);
    if (this.changes.length > RECENT_CHANGES_MAX) this.changes.splice(0, this.changes.length - RECENT_CHANGES_MAX);
    this.tell(changes);
  }

  /** Changes that lead nobody to the state as it is now: of them, only what was told counts. */
  tell(changes: readonly Change[]): void {
    for (const { version, events } of changes) {
      if (version <= this.upTo) continue;
      this.upTo = version;
      if (events) this.told.push({ version, events });
    }
    if (this.told.length > RECENT_CHANGES_MAX) {
      const dropped = this.told.splice(0, this.told.length - RECENT_CHANGES_MAX);
      this.toldSince = dropped[dropped.length - 1].version;
    }
  }

  /** All changes after `version`; null when not all of them are kept. */
  since(version: number): readonly Change[] | null {
    const first = this.changes[0];
    if (!first || first.version > version + 1) return null;
    return this.changes.slice(version + 1 - first.version);
  }

  /** What was told after `version`; null when not all of it is kept. -1: from the setup on. */
  toldAfter(version: number): readonly ToldChange[] | null {
    return version < this.toldSince ? null : this.told.filter((change) => change.version > version);
  }

  /** The end of what was told, with that of changes which are on their way to the store; as much as is fair to store. */
  tail(shown: Iterable<Seat>, onTheirWay: readonly Change[] = [], changesMax = RECENT_CHANGES_MAX): ToldTail {
    const all = [...this.told, ...onTheirWay.flatMap(({ version, events }) => (events ? [{ version, events }] : []))];
    let changes = all.slice(-changesMax);
    while (changes.length > 0 && pack(changes).length > TOLD_BYTES_MAX) changes = changes.slice(Math.ceil(changes.length / 2));
    const since = changes.length === all.length ? this.toldSince : all[all.length - changes.length - 1].version;
    return { since, changes, shown: [...shown] };
  }
}
