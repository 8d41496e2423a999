import { Injectable } from '@nestjs/common';
import { fewAtATime } from '#libs/redis';
import { type Restored, type RoomGlance, type RoomRecord, RoomRecords, StoreGeneration } from '#libs/room-store';

/** Records compared in one pipeline, where the store may have lost some: nobody can go on before that. */
const AT_ONCE = 250;

/** What became of a record that the store has lost or holds an older copy of. `superseded`: others have gone on from the older copy. */
export type RoomRestored = Restored | 'superseded';

/**
 * A store that lost its last writes, or all, gets the records of rooms again from the gateways that follow them: members, results and
 * whatever else players were told. The games in them are for their owners to write.
 */
@Injectable()
export class RoomRestorer {
  constructor(
    private readonly records: RoomRecords,
    private readonly generation: StoreGeneration,
  ) {}

  /** Compares these with the store, and writes those again that it lost. Gives how many. Rejects when the store does not answer. */
  async restoreAll(known: readonly RoomRecord[]): Promise<number> {
    if (known.length === 0) return 0;
    const isLate = await this.generation.wasSettled();
    let restored = 0;
    for await (const some of fewAtATime(known, { few: AT_ONCE, breathMs: 0 })) {
      const glances = await this.records.glance(some.map(({ id }) => id));
      const lost = some.filter((record, index) => isOlder(glances[index], record) && !(isLate && glances[index]));
      const outcomes = await Promise.all(lost.map((record) => this.records.restore(record)));
      restored += outcomes.filter((outcome) => outcome === 'restored').length;
    }
    return restored;
  }

  /** The store has an older record than this, or (`isAbsent`) none. Rejects when it does not answer. */
  async restore(known: RoomRecord, isAbsent: boolean): Promise<RoomRestored> {
    return !isAbsent && (await this.generation.wasSettled()) ? 'superseded' : this.records.restore(known);
  }
}

function isOlder(glance: RoomGlance | null, { rev }: RoomRecord): boolean {
  return glance === null || glance.rev < rev;
}
