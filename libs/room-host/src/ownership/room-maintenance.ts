import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Self, ServerRegistration } from '#libs/fleet';
import { RedisConnections, StoreClock } from '#libs/redis';
import { OwnerHeartbeats } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { Auditor } from '../durability/auditor.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { HEARTBEAT_MS, OWN_PAUSE_MS, SWEEP_MS } from '../room-host.options.js';
import { OwnedRoomSweeper } from './owned-room-sweeper.js';
import { RoomLoader } from './room-loader.js';

/**
 * Runs the periodic work for the rooms of this server: heartbeats, and sweeps that compare the stored index of its rooms with the hosted
 * rooms.
 */
@Injectable()
export class RoomMaintenance implements OnApplicationBootstrap {
  private isSweeping = false;
  private heartbeatAt = performance.now();

  constructor(
    private readonly rooms: HostedRooms,
    private readonly loader: RoomLoader,
    private readonly sweeper: OwnedRoomSweeper,
    private readonly auditor: Auditor,
    private readonly registration: ServerRegistration,
    private readonly self: Self,
    private readonly heartbeats: OwnerHeartbeats,
    private readonly redis: RedisConnections,
    private readonly log: Log,
    private readonly clock: StoreClock,
  ) {}

  onApplicationBootstrap(): void {
    // Drops the rooms of the evicted incarnation, because other servers adopt them.
    this.registration.onEvicted(() => {
      for (const room of [...this.rooms.all()]) this.rooms.drop(room, 'evicted');
      // Ends the drain of the evicted incarnation, so the new incarnation takes rooms again.
      if (this.loader.admission === 'drained') this.loader.admission = 'open';
    });
  }

  /** Writes the heartbeat. A process that was suspended skips one heartbeat, because other servers may have adopted its rooms meanwhile. */
  @Interval(HEARTBEAT_MS)
  async renewHeartbeat(): Promise<void> {
    const now = performance.now();
    const sleptMs = now - this.heartbeatAt - HEARTBEAT_MS;
    this.heartbeatAt = now;
    if (sleptMs > OWN_PAUSE_MS || this.self.state === 'dead' || !this.redis.isReady) return;
    const { id: server, incarnation } = this.self;
    await this.heartbeats
      .renew({ server, incarnation }, this.clock.now())
      .catch((error: unknown) => this.log.debug('heartbeat.failed', { error }));
  }

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.isSweeping || !this.redis.isReady) return;
    this.isSweeping = true;
    try {
      if (await this.auditor.isStoreAudited()) await this.sweeper.sweep();
    } catch (error) {
      this.log.debug('rooms.sweep-failed', { error });
    } finally {
      this.isSweeping = false;
    }
  }
}
