import { type DynamicModule, Module } from '@nestjs/common';
import { GameKitModule } from '#libs/game-kit';
import { HealthModule } from '#libs/health';
import { RatingsModule } from '#libs/matchmaking';
import { serverId } from '#libs/protocol';
import { watchdogConnection } from '#libs/redis';
import { overrunReporter, RoomHostModule } from '#libs/room-host';
import { type AppModule, CoreModule, redisOptions } from '#libs/server';
import type { SettingsOf } from '#libs/settings';
import { WatchdogModule } from '#libs/watchdog';
import { GameServerFacts } from './game-server-facts.js';
import { HostedRoomsController } from './hosted-rooms.controller.js';
import { PlacementReports } from './placement-reports.js';
import { VersionGaps } from './version-gaps.js';

@Module({})
export class GameServerModule {
  static forRoot(settings: SettingsOf<'game'>, games: readonly AppModule[]): DynamicModule {
    if (games.length === 0) throw new Error('A game server needs a game: startGameServer({ games: [MyGameModule] }).');
    const { rooms, game, ratings, recovery, link, redis, log, server } = settings;
    const id = serverId('game', server.name, redis.prefix);
    return {
      module: GameServerModule,
      imports: [
        CoreModule.forRoot('game', settings),
        GameKitModule,
        ...games,
        WatchdogModule.forRoot(
          { slowMs: game.handlerSlowMs, limitMs: game.handlerLimitMs, memoryMb: game.handlerMemoryMb },
          overrunReporter({
            redis: redisOptions(redis, watchdogConnection(id)),
            telemetry: { server: id, level: log.level, format: log.format },
          }),
        ),
        RoomHostModule.forRoot({
          roomsMax: game.maxGames,
          stateBytesMax: rooms.stateBytesMax,
          // A sync may take only half of a frame, because the other half is for the list of recipients, which can have thousands of
          // entries.
          syncBytesMax: Math.floor(link.frameBytesMax / 2),
          checkpointEveryChanges: rooms.checkpointEveryChanges,
          checkpointEveryMs: rooms.checkpointEveryMs,
          migrationsAtOnce: recovery.migrationsAtOnce,
          effectWarnMs: game.effectWarnMs,
        }),
        RatingsModule.forUpdates(ratings),
        HealthModule.forResponder(),
      ],
      controllers: [HostedRoomsController],
      providers: [GameServerFacts, PlacementReports, VersionGaps],
    };
  }
}
