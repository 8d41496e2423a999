import { Injectable } from '@nestjs/common';
import { Extension } from '#libs/extension';
import type { ServerRecord } from '#libs/fleet';
import { type EvictionReason, ServerEndListener } from '#libs/health';
import { PlacementPool } from '#libs/placement';
import { RoomRecovery } from './room-recovery.js';

/** The cleanup of a dead game server: removes it from placement and recovers its rooms. */
@Injectable()
@Extension(ServerEndListener)
export class GameServerCleanup extends ServerEndListener {
  constructor(
    private readonly pool: PlacementPool,
    private readonly recovery: RoomRecovery,
  ) {
    super();
  }

  override async ended({ id, type, incarnation }: ServerRecord, _reason: EvictionReason): Promise<void> {
    if (type !== 'game') return;
    await this.pool.remove(id, incarnation);
    await this.recovery.recover({ server: id, incarnation });
  }
}
