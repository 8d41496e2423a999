import { Injectable } from '@nestjs/common';
import { inBatches } from '#libs/async';
import { type Restored, type RoomDigest, type RoomRecord, RoomRecords, StoreGeneration } from '#libs/room-store';

/**
 * Number of records that are compared in one pipeline. It is higher than in routine reads, because all servers wait until the records are
 * restored.
 */
const AT_ONCE = 250;

/**
 * The outcome of the restoration of one record. `superseded`: the older record in the store stays, because the store was settled before and
 * other servers have written to it.
 */
export type RoomRestored = Restored | 'superseded';

/**
 * Restores the records of rooms in a store that lost its last writes or all data. Each gateway that follows a room has the last record that
 * its players saw: members, results and status. The state of the game is restored by the owner of the room.
 */
@Injectable()
export class RoomRestorer {
  constructor(
    private readonly records: RoomRecords,
    private readonly generation: StoreGeneration,
  ) {}

  /** Compares the records with the store. Restores the lost records and returns their number. Rejects when the store does not answer. */
  async restoreAll(known: readonly RoomRecord[]): Promise<number> {
    if (known.length === 0) return 0;
    const isLate = await this.generation.wasSettled();
    let restored = 0;
    for await (const some of inBatches(known, { size: AT_ONCE, pauseMs: 0 })) {
      const digests = await this.records.readDigests(some.map(({ id }) => id));
      const lost = some.filter((record, index) => isOlder(digests[index]!, record) && !(isLate && digests[index]));
      const outcomes = await Promise.all(lost.map((record) => this.records.restore(record)));
      restored += outcomes.filter((outcome) => outcome === 'restored').length;
    }
    return restored;
  }

  /**
   * Writes the record to the store. If the store has an older record of the room (`isAbsent` is false) and was settled before, writes
   * nothing and returns `superseded`. Rejects when the store does not answer.
   */
  async restore(known: RoomRecord, isAbsent: boolean): Promise<RoomRestored> {
    return !isAbsent && (await this.generation.wasSettled()) ? 'superseded' : this.records.restore(known);
  }
}

function isOlder(digest: RoomDigest | null, { rev }: RoomRecord): boolean {
  return digest === null || digest.rev < rev;
}
