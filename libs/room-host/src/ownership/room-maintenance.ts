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

/** Keeps what this server holds and what the record says it holds the same. */
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
    // Condemned: what it owned is somebody else's by now.
    this.registration.onEvicted(() => {
      for (const room of [...this.rooms.all()]) this.rooms.drop(room, 'evicted');
      // What an operator wanted of the condemned incarnation is over with it.
      if (this.loader.admission === 'drained') this.loader.admission = 'open';
    });
  }

  /** That this owner lives. One that slept does not say so at once: its rooms may have been given up meanwhile. */
  @Interval(HEARTBEAT_MS)
  async renewHeartbeat(): Promise<void> {
    const now = performance.now();
    const sleptMs = now - this.heartbeatAt - HEARTBEAT_MS;
    this.heartbeatAt = now;
    if (sleptMs > OWN_PAUSE_MS || this.self.state === 'dead' || !this.redis.isReady) return;
    const { id: server, incarnation } = this.self;
    await this.heartbeats
      .renew({ server, incarnation }, this.clock.now())
      .catch((error: unknown) => this.log.debug('heartbeat.failed', { error: String(error) }));
  }

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.isSweeping || !this.redis.isReady) return;
    this.isSweeping = true;
    try {
      if (await this.auditor.isStoreAudited()) await this.sweeper.sweep();
    } catch (error) {
      this.log.debug('rooms.sweep-failed', { error: String(error) });
    } finally {
      this.isSweeping = false;
    }
  }
}
