import { Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import type { RoomId } from '#libs/protocol';
import { type RoomOwnership, RoomRecords } from '#libs/room-store';
import { HostedRooms } from '../room/hosted-rooms.js';
import { LeftoverEffects } from './leftover-effects.js';
import { ownershipOf } from './own-incarnation.js';
import { RoomLoader } from './room-loader.js';

/**
 * Compares the stored index of this server's rooms with the rooms that the server hosts. Loads rooms that the server owns and does not
 * host, for example because the answer to an adoption was lost. Runs the effects of games that ended on this server. Loads no rooms of a
 * former incarnation of the server, because other servers adopt these rooms.
 */
@Injectable()
export class OwnedRoomSweeper {
  /** Incarnations of this server whose index possibly has entries. The newest is last. */
  private incarnations: RoomOwnership[] = [];
  /** Index entries, as `incarnation:room`, whose room did not belong to that incarnation in the last sweep. */
  private unmatched = new Set<string>();

  constructor(
    private readonly rooms: HostedRooms,
    private readonly loader: RoomLoader,
    private readonly records: RoomRecords,
    private readonly leftovers: LeftoverEffects,
    private readonly self: Self,
  ) {}

  async sweep(): Promise<void> {
    const owner = ownershipOf(this.self);
    if (!this.incarnations.some(({ incarnation }) => incarnation === owner.incarnation)) this.incarnations.push(owner);
    const unmatchedBefore = this.unmatched;
    this.unmatched = new Set();
    for (const swept of [...this.incarnations]) {
      const isCurrent = swept.incarnation === owner.incarnation;
      let isEmpty = true;
      for await (const noted of this.records.someRoomsOf(swept.server, swept.incarnation)) {
        isEmpty = false;
        await this.sweepSome(noted, swept, isCurrent, unmatchedBefore);
      }
      if (isEmpty && !isCurrent) this.incarnations = this.incarnations.filter((other) => other !== swept);
    }
  }

  private async sweepSome(
    noted: readonly RoomId[],
    swept: RoomOwnership,
    isCurrent: boolean,
    unmatchedBefore: ReadonlySet<string>,
  ): Promise<void> {
    const ids = noted.filter((id) => !this.loader.isLoading(id) && this.rooms.get(id)?.tenure.incarnation !== swept.incarnation);
    const records = await this.records.readMany(ids);
    for (const [index, record] of records.entries()) {
      const isOurs =
        record?.status === 'playing' && record.owner?.server === swept.server && record.owner.incarnation === swept.incarnation;
      if (isOurs && isCurrent) await this.loader.load([{ room: record.id, epoch: record.epoch, ...swept }]);
      if (!isOurs) await this.removeSecondTime(ids[index]!, swept, unmatchedBefore);
    }
  }

  /**
   * Removes an index entry when two sweeps in a row found that its room does not belong to the incarnation of the index. At the first
   * sweep, an adoption of the room may have been under way.
   */
  private async removeSecondTime(room: RoomId, owner: RoomOwnership, unmatchedBefore: ReadonlySet<string>): Promise<void> {
    const entry = `${owner.incarnation}:${room}`;
    if (unmatchedBefore.has(entry)) await this.leftovers.run(room, owner);
    else this.unmatched.add(entry);
  }
}
