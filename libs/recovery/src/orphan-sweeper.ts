import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { inBatches } from '#libs/async';
import { LinkTrust, ServerDirectory } from '#libs/fleet';
import { PlacementPool } from '#libs/placement';
import { RedisConnections } from '#libs/redis';
import { type RoomOwnership, RoomRecords } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { ORPHAN_SWEEP_MS, ORPHAN_SWEEP_ROOMS } from './recovery.options.js';
import { RoomRecovery } from './room-recovery.js';

/**
 * Rooms whose owner ended without a verdict: its process was started again under the same name before anyone missed it,
 * or the whole fleet was. A new incarnation of a name is the end of the one before; and all rooms are walked now and then.
 */
@Injectable()
export class OrphanSweeper implements OnApplicationBootstrap {
  private isSweeping = false;
  private page = 0;
  /** Owners without a living record, as the last walk over all rooms saw them: a server may be about to register again. */
  private suspects = new Set<string>();
  private missing = new Set<string>();
  /** Owners that were gone when their indexes were looked at last. */
  private absent = new Set<string>();

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
      // Gone by itself with rooms that it could not give away in time.
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
      const owners = new Map<string, { owner: RoomOwnership; rooms: string[] }>();
      for await (const some of inBatches(ids)) {
        for (const record of await this.records.glance(some)) {
          if (record?.status !== 'playing' || !record.owner || this.isAlive(record.owner)) continue;
          const key = `${record.owner.server}:${record.owner.incarnation}`;
          const known = owners.get(key);
          if (known) known.rooms.push(record.id);
          else owners.set(key, { owner: record.owner, rooms: [record.id] });
        }
      }
      const seenBefore = this.suspects;
      for (const key of owners.keys()) this.missing.add(key);
      if (ids.length === ORPHAN_SWEEP_ROOMS) this.page += 1;
      else {
        this.page = 0;
        this.suspects = this.missing;
        this.missing = new Set();
      }
      for (const [key, { owner, rooms }] of owners) {
        if (!seenBefore.has(key)) continue;
        // The index of its rooms may have been lost with a store; the records are the truth.
        await this.records.noteOwner(rooms, owner.server, owner.incarnation);
        await this.recover(owner);
      }
      await this.recoverRemaining();
    } catch (error) {
      this.log.warn('orphans.sweep-failed', { error: String(error) });
    } finally {
      this.isSweeping = false;
    }
  }

  /**
   * What a game left that ended with its owner (effects to be run) stands in no record that is played. Whoever was to see
   * to it may have found no server to give it to, and have died waiting: the owner's index has it until it is done.
   */
  private async recoverRemaining(): Promise<void> {
    const gone = (await this.records.owners()).filter((owner) => !this.isAlive(owner));
    const seenBefore = this.absent;
    this.absent = new Set(gone.map(({ server, incarnation }) => `${server}:${incarnation}`));
    for (const owner of gone) {
      if (!seenBefore.has(`${owner.server}:${owner.incarnation}`)) continue;
      if ((await this.records.roomsOf(owner.server, owner.incarnation)).length === 0) await this.records.forgetOwnersIndex(owner);
      // Not waited for: without a server that could take it, it lasts.
      else void this.recover(owner);
    }
  }

  private isAlive({ server, incarnation }: RoomOwnership): boolean {
    const record = this.directory.get(server);
    return record !== undefined && record.incarnation === incarnation && record.state !== 'dead';
  }

  private async recover(owner: RoomOwnership): Promise<void> {
    // No server would take a room from this one.
    if (this.trust.isOutvoted) return;
    try {
      await this.pool.remove(owner.server, owner.incarnation);
      await this.recovery.recoverUnclaimed(owner);
    } catch (error) {
      this.log.warn('recovery.failed', { target: owner.server, incarnation: owner.incarnation, error: String(error) });
    }
  }
}
