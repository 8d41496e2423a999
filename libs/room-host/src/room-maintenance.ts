import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { ServerRegistration } from '#libs/fleet';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { Auditor } from './auditor.js';
import { HostedRooms } from './hosted-rooms.js';
import { SWEEP_MS } from './room-host.options.js';
import { RoomIntake } from './room-intake.js';

/** Keeps what this server holds and what the record says it holds the same. */
@Injectable()
export class RoomMaintenance implements OnApplicationBootstrap {
  private isSweeping = false;

  constructor(
    private readonly rooms: HostedRooms,
    private readonly intake: RoomIntake,
    private readonly auditor: Auditor,
    private readonly registration: ServerRegistration,
    private readonly redis: RedisConnections,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    // Condemned: what it owned is somebody else's by now.
    this.registration.onEvicted(() => {
      for (const room of [...this.rooms.all()]) this.rooms.drop(room, 'evicted');
      // What an operator wanted of the condemned incarnation is over with it.
      if (this.intake.door === 'drained') this.intake.door = 'open';
    });
  }

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.isSweeping || !this.redis.isReady) return;
    this.isSweeping = true;
    try {
      if (await this.auditor.isStoreAudited()) await this.intake.sweep();
    } catch (error) {
      this.log.debug('intake.sweep-failed', { error: String(error) });
    } finally {
      this.isSweeping = false;
    }
  }
}
