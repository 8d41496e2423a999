import { type DynamicModule, Module } from '@nestjs/common';
import { MatchHost, MatchRounds, ROUNDS_OPTIONS, type RoundsOptions, TicketStore } from '#libs/matchmaking';
import { DissolvedMatches } from './dissolved-matches.js';
import { GameCatalogue } from './game-catalogue.js';
import { GameStarter } from './game-starter.js';
import { ListedRooms } from './listed-rooms.js';
import { LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { MatchNotifier } from './match-notifier.js';
import { MatchRooms } from './match-rooms.js';
import { Matchmaker } from './matchmaker.js';
import { MemberPresence } from './member-presence.js';
import { OpenRooms } from './open-rooms.js';
import { RoomHosting } from './room-hosting.js';
import { RoomList } from './room-list.js';
import { RoomOptionsCheck } from './room-options-check.js';
import { RoomSearch } from './room-search.js';
import { RoomService } from './room-service.js';
import { RoomSweeper } from './room-sweeper.js';
import { RoomWriter } from './room-writer.js';
import { IdempotentRequests } from './service/idempotent-requests.js';
import { ServiceRooms } from './service/service-rooms.js';
import { UserTickets } from './user-tickets.js';

const PROVIDERS = [
  GameCatalogue,
  TicketStore,
  MatchNotifier,
  DissolvedMatches,
  UserTickets,
  ListedRooms,
  RoomSearch,
  RoomHosting,
  RoomList,
  RoomOptionsCheck,
  RoomWriter,
  RoomService,
  MemberPresence,
  GameStarter,
  OpenRooms,
  MatchRooms,
  MatchRounds,
  Matchmaker,
  ServiceRooms,
];

/** Requires `RoomStoreModule`, `FleetModule`, `SessionModule`, `PlacementModule`, `MatchmakingModule` and Nest's `ScheduleModule`. */
@Module({})
export class LobbyModule {
  static forRoot(options: LobbyOptions): DynamicModule {
    return {
      module: LobbyModule,
      providers: [
        { provide: LOBBY_OPTIONS, useValue: options },
        { provide: ROUNDS_OPTIONS, useValue: { graceMs: options.seatGraceMs } satisfies RoundsOptions },
        { provide: MatchHost, useExisting: MatchRooms },
        ...PROVIDERS,
        IdempotentRequests,
        RoomSweeper,
      ],
      exports: PROVIDERS,
    };
  }
}
