import { Injectable } from '@nestjs/common';
import { inBatches } from '#libs/async';
import { type Restored, type RoomDigest, type RoomRecord, RoomRecords, StoreGeneration } from '#libs/room-store';

/** Number of records compared in one pipeline. It is higher than for routine reads, because every server waits for this comparison. */
const AT_ONCE = 250;

/** The outcome for a record that the store lost or has in an older copy. `superseded`: other servers have written on that older copy. */
export type RoomRestored = Restored | 'superseded';

/**
 * Writes the records of rooms again into a store that lost its last writes or all data. The gateways that follow a room know its record as
 * players saw it: members, results, status. The state of a game is restored by its owner.
 */
@Injectable()
export class RoomRestorer {
  constructor(
    private readonly records: RoomRecords,
    private readonly generation: StoreGeneration,
  ) {}

  /** Compares the records with the store, writes the lost ones again and returns their number. Rejects when the store does not answer. */
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
   * Writes the record again when the store has an older copy, or none (`isAbsent`). If the store was settled before, an older copy stays
   * and the result is `superseded`. Rejects when the store does not answer.
   */
  async restore(known: RoomRecord, isAbsent: boolean): Promise<RoomRestored> {
    return !isAbsent && (await this.generation.wasSettled()) ? 'superseded' : this.records.restore(known);
  }
}

function isOlder(digest: RoomDigest | null, { rev }: RoomRecord): boolean {
  return digest === null || digest.rev < rev;
}
