import { type DynamicModule, Module } from '@nestjs/common';
import { GameCatalogue } from './game-catalogue.js';
import { GameStarter } from './game-starter.js';
import { ListedRooms } from './listed-rooms.js';
import { LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { MatchQueue } from './match-queue.js';
import { Matchmaker } from './matchmaker.js';
import { RoomHosting } from './room-hosting.js';
import { RoomList } from './room-list.js';
import { RoomOptionsCheck } from './room-options-check.js';
import { RoomSearch } from './room-search.js';
import { RoomService } from './room-service.js';
import { RoomSweeper } from './room-sweeper.js';

const PROVIDERS = [
  GameCatalogue,
  MatchQueue,
  ListedRooms,
  RoomSearch,
  RoomHosting,
  RoomList,
  RoomOptionsCheck,
  RoomService,
  GameStarter,
  Matchmaker,
];

/** Needs `RoomStoreModule`, `FleetModule`, `SessionModule`, `PlacementModule` and Nest's `ScheduleModule`. */
@Module({})
export class LobbyModule {
  static forRoot(options: LobbyOptions): DynamicModule {
    return {
      module: LobbyModule,
      providers: [{ provide: LOBBY_OPTIONS, useValue: options }, ...PROVIDERS, RoomSweeper],
      exports: PROVIDERS,
    };
  }
}
