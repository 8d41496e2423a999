import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { ConsecutiveSightings, inBatches } from '#libs/async';
import { LinkTrust, ServerDirectory } from '#libs/fleet';
import { PlacementPool } from '#libs/placement';
import type { RoomId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type RoomOwnership, RoomRecords } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { ORPHAN_SWEEP_MS, ORPHAN_SWEEP_ROOMS } from './recovery.options.js';
import { RoomRecovery } from './room-recovery.js';

/**
 * Recovers rooms whose owner ended without an eviction, for example because the owner or the whole fleet restarted within seconds. It
 * starts a recovery when a game server leaves or registers a new incarnation, and after a periodic sweep over all rooms.
 */
@Injectable()
export class OrphanSweeper implements OnApplicationBootstrap {
  private isSweeping = false;
  private page = 0;
  /**
   * Incarnations that own rooms in play and are dead or not registered. Their rooms are recovered only when the next sweep over all rooms
   * finds the same owner again, because the server can register in the meantime.
   */
  private readonly missing = new ConsecutiveSightings();
  /**
   * Lost owners that still have an index of rooms. Their rooms are recovered only when the next sweep finds the owner again, because the
   * server can register in the meantime.
   */
  private readonly absent = new ConsecutiveSightings();

  constructor(
    private readonly redis: RedisConnections,
    private readonly records: RoomRecords,
    private readonly directory: ServerDirectory,
    private readonly recovery: RoomRecovery,
    private readonly pool: PlacementPool,
    private readonly log: Log,
    private readonly trust: LinkTrust,
  ) {}

  onApplicationBootstrap(): void {
    this.directory.onChange(({ kind, server, before }) => {
      if (server.type !== 'game') return;
      // Recovers the rooms of a server that left, because possibly not all of its rooms were adopted.
      if (kind === 'left') void this.recover({ server: server.id, incarnation: server.incarnation });
      else if (kind === 'registered' && before && before.incarnation !== server.incarnation)
        void this.recover({ server: before.id, incarnation: before.incarnation });
    });
  }

  @Interval(ORPHAN_SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.isSweeping || !this.redis.isReady || this.trust.isOutvoted) return;
    this.isSweeping = true;
    try {
      const ids = await this.records.list(ORPHAN_SWEEP_ROOMS, this.page * ORPHAN_SWEEP_ROOMS);
      const owners = new Map<string, { owner: RoomOwnership; rooms: RoomId[] }>();
      for await (const some of inBatches(ids)) {
        for (const record of await this.records.readDigests(some)) {
          if (record?.status !== 'playing' || !record.owner || this.isAlive(record.owner)) continue;
          const key = `${record.owner.server}:${record.owner.incarnation}`;
          const known = owners.get(key);
          if (known) known.rooms.push(record.id);
          else owners.set(key, { owner: record.owner, rooms: [record.id] });
        }
      }
      const lost = [...owners].filter(([key]) => this.missing.again(key));
      if (ids.length === ORPHAN_SWEEP_ROOMS) this.page += 1;
      else {
        this.page = 0;
        this.missing.nextRound();
      }
      for (const [, { owner, rooms }] of lost) {
        // Restores the index of the owner's rooms, because the recovery reads the rooms from the index, and a store that lost data may have
        // lost the index.
        await this.records.noteOwner(rooms, owner.server, owner.incarnation);
        await this.recover(owner);
      }
      await this.recoverRemaining();
    } catch (error) {
      this.log.warn('orphans.sweep-failed', { error });
    } finally {
      this.isSweeping = false;
    }
  }

  /**
   * Recovers the remaining rooms of lost owners: rooms whose game is over and whose effects have not run. Only the index of the owner
   * contains these rooms. Deletes empty indexes.
   */
  private async recoverRemaining(): Promise<void> {
    const gone = (await this.records.owners()).filter((owner) => !this.isAlive(owner));
    const lost = gone.filter(({ server, incarnation }) => this.absent.again(`${server}:${incarnation}`));
    this.absent.nextRound();
    for (const owner of lost) {
      if ((await this.records.roomsOf(owner.server, owner.incarnation)).length === 0) await this.records.forgetOwnersIndex(owner);
      // Does not wait for the recovery, because the recovery lasts until servers have adopted the rooms.
      else void this.recover(owner);
    }
  }

  private isAlive({ server, incarnation }: RoomOwnership): boolean {
    const record = this.directory.get(server);
    return record !== undefined && record.incarnation === incarnation && record.state !== 'dead';
  }

  private async recover(owner: RoomOwnership): Promise<void> {
    // An outvoted process has a different link secret from most servers, so it cannot ask servers to adopt rooms.
    if (this.trust.isOutvoted) return;
    try {
      await this.pool.remove(owner.server, owner.incarnation);
      await this.recovery.recoverUnclaimed(owner);
    } catch (error) {
      this.log.warn('recovery.failed', { target: owner.server, incarnation: owner.incarnation, error });
    }
  }
}
