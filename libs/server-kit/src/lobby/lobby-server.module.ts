import { type DynamicModule, Module } from '@nestjs/common';
import { AdminErrorFilter, RoomOperations, ServerReader } from '#libs/admin';
import { ChatModule } from '#libs/chat';
import { HealthModule } from '#libs/health';
import { LobbyModule } from '#libs/lobby';
import { MatchmakingModule } from '#libs/matchmaking';
import { RecoveryModule } from '#libs/recovery';
import { CoreModule } from '#libs/server';
import { SessionModule } from '#libs/session';
import type { SettingsOf } from '#libs/settings';
import { ChatController } from './chat.controller.js';
import { MatchController } from './match.controller.js';
import { MemberController } from './member.controller.js';
import { RoomController } from './room.controller.js';
import { SERVICE_OPTIONS, ServiceGuard } from './service/service.guard.js';
import { ServiceRoomsController } from './service/service-rooms.controller.js';

@Module({})
export class LobbyServerModule {
  static forRoot(settings: SettingsOf<'lobby'>): DynamicModule {
    const { rooms, match, session, recovery, chat, service } = settings;
    return {
      module: LobbyServerModule,
      imports: [
        CoreModule.forRoot('lobby', settings),
        // A lobby admits no players, so `auth` has no effect here. A lobby reads the session store only to find the gateways of sessions.
        SessionModule.forRoot({ auth: { kind: 'guest' }, sessionTtlMs: session.ttlMs }),
        MatchmakingModule.forRoot(),
        LobbyModule.forRoot({
          roomIdleMs: rooms.idleMs,
          seatGraceMs: rooms.seatGraceMs,
          matchWaitMs: match.waitMs,
          roomsListedMax: rooms.listedMax,
        }),
        ChatModule.forLobby(chat),
        RecoveryModule.forRoot({ roomsAtOnce: recovery.roomsAtOnce, orphanTtlMs: rooms.orphanTtlMs }),
        HealthModule.forResponder(),
      ],
      controllers: [RoomController, MatchController, MemberController, ChatController, ServiceRoomsController],
      providers: [{ provide: SERVICE_OPTIONS, useValue: service }, ServiceGuard, AdminErrorFilter, RoomOperations, ServerReader],
    };
  }
}
