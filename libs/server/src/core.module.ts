import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { FleetModule, LinkErrorFilter } from '#libs/fleet';
import { LinkModule } from '#libs/link';
import { PlacementModule } from '#libs/placement';
import { type ServerType, serverId } from '#libs/protocol';
import { RedisModule } from '#libs/redis';
import { RoomStoreModule } from '#libs/room-store';
import type { SettingsOf } from '#libs/settings';
import { SettlementModule } from '#libs/settlement';
import { TelemetryModule } from '#libs/telemetry';
import { certificateFrom } from '#libs/tls';
import { TracingModule } from '#libs/tracing';
import { certificateLog } from './certificate-log.js';
import { clockReports } from './clock-reports.js';
import { evictionReports } from './eviction-reports.js';
import { InspectionController } from './inspection.controller.js';
import { passwordReports } from './password-reports.js';
import { redisOptions } from './redis-options.js';
import { storeMoveReports } from './store-move-reports.js';
import { storeReports } from './store-reports.js';
import { StoreStatusController } from './store-status.controller.js';

/** The settings that every type of server has. */
export type CommonSettings = Pick<SettingsOf<'game'>, 'server' | 'redis' | 'clock' | 'link' | 'ops' | 'log' | 'tracing' | 'placement'>;

/** The settings of `CoreModule`. `session` is absent on a game server, which stores no sessions and no rooms of users. */
type CoreSettings = CommonSettings & Partial<Pick<SettingsOf<'gateway'>, 'session'>>;

/** The modules that every server needs. */
@Module({})
export class CoreModule {
  static forRoot(type: ServerType, settings: CoreSettings): DynamicModule {
    const { server, redis, clock, link, log, tracing, placement, session } = settings;
    const id = serverId(type, server.name, redis.prefix);
    const certificate = certificateFrom(link, 'LINK');
    return {
      module: CoreModule,
      imports: [
        TelemetryModule.forRoot({
          server: id,
          type,
          build: server.build,
          level: log.level,
          lifeLinesPerSecond: log.lifeLinesPerSecond,
          format: log.format,
        }),
        TracingModule.forRoot({ server: id, type, build: server.build, ...tracing }),
        RedisModule.forRoot(redisOptions(redis, id)),
        LinkModule.forRoot({ ...link, certificate }),
        FleetModule.forRoot({ type, name: server.name, build: server.build, region: server.region, canary: server.canary }),
        PlacementModule.forRoot(placement),
        RoomStoreModule.forRoot({
          replicas: redis.durabilityReplicas,
          replicasTimeoutMs: redis.durabilityTimeoutMs,
          sessionTtlMs: session?.ttlMs,
        }),
        SettlementModule,
        ScheduleModule.forRoot(),
      ],
      controllers: [StoreStatusController, InspectionController],
      providers: [
        { provide: APP_FILTER, useClass: LinkErrorFilter },
        certificateLog(certificate),
        storeReports,
        evictionReports,
        passwordReports,
        storeMoveReports,
        clockReports(clock.offsetWarnMs),
      ],
    };
  }
}
