import { type DynamicModule, Module } from '@nestjs/common';
import { EndedGameStore } from './ended-game-store.js';
import { InviteCodes } from './invite-codes.js';
import { OwnerHeartbeats } from './owner-heartbeats.js';
import { RoomLog } from './room-log.js';
import { RoomOverviews } from './room-overviews.js';
import { RoomRecords } from './room-records.js';
import { ROOM_STORE_OPTIONS, type RoomStoreOptions } from './room-store.options.js';
import { StoreGeneration } from './store-generation.js';
import { StoredGames } from './stored-games.js';
import { UserRooms } from './user-rooms.js';

const PROVIDERS = [
  RoomLog,
  EndedGameStore,
  RoomRecords,
  RoomOverviews,
  StoredGames,
  InviteCodes,
  UserRooms,
  StoreGeneration,
  OwnerHeartbeats,
];

@Module({})
export class RoomStoreModule {
  static forRoot(options: RoomStoreOptions = { replicas: 0, replicasTimeoutMs: 1_000 }): DynamicModule {
    return {
      module: RoomStoreModule,
      global: true,
      providers: [{ provide: ROOM_STORE_OPTIONS, useValue: options }, ...PROVIDERS],
      exports: PROVIDERS,
    };
  }
}
