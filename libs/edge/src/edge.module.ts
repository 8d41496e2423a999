import type { RequestListener } from 'node:http';
import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import type { Certificate } from '#libs/tls';
import { Admission } from './admission.js';
import { type ClientTransport, PUBLIC_CERTIFICATE } from './client-transport.js';
import { ConnectionLimits } from './connection-limits.js';
import { Departures } from './departures.js';
import { EDGE_OPTIONS, type EdgeOptions } from './edge.options.js';
import { FrameRouter } from './frame-router.js';
import { GameEndNotifier } from './game-end-notifier.js';
import { CLIENT_TRANSPORTS, GatewayService } from './gateway.service.js';
import { GatewayCleanup } from './gateway-cleanup.js';
import { LobbyRouter } from './lobby-router.js';
import { OwnerAttachments } from './owner-attachments.js';
import { PlayerRedirect } from './player-redirect.js';
import { PlayerRequests } from './player-requests.js';
import { PresenceReconciler } from './presence-reconciler.js';
import { RoomFrames } from './room-frames.js';
import { RoomRecordCache } from './room-record-cache.js';
import { RoomRestorer } from './room-restorer.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { SessionRestorer } from './session-restorer.js';
import { SessionRooms } from './session-rooms.js';
import { SessionTable } from './session-table.js';
import { SettledSessions } from './settled-sessions.js';
import { StalledOwnerNotifier } from './stalled-owner-notifier.js';
import { TcpTransport } from './tcp-transport.js';
import { PUBLIC_PAGES, WebSocketTransport } from './web-socket-transport.js';

export interface EdgeModuleOptions {
  readonly options: EdgeOptions;
  /** With it both ways in are TLS. */
  readonly certificate?: Certificate | null;
  /** What the public port answers to plain HTTP. */
  readonly pages?: RequestListener;
  /** Further ways in. */
  readonly transports?: readonly Type<ClientTransport>[];
}

/** Needs `FleetModule`, `LinkModule`, `RoomStoreModule`, `SessionModule`. */
@Module({})
export class EdgeModule {
  static forRoot({ options, certificate = null, pages, transports = [] }: EdgeModuleOptions): DynamicModule {
    const ways: Type<ClientTransport>[] = [WebSocketTransport, TcpTransport, ...transports];
    const providers: Provider[] = [
      { provide: EDGE_OPTIONS, useValue: options },
      { provide: PUBLIC_CERTIFICATE, useValue: certificate },
      { provide: PUBLIC_PAGES, useValue: pages ?? null },
      ...ways,
      { provide: CLIENT_TRANSPORTS, useFactory: (...instances: ClientTransport[]) => instances, inject: ways },
      SessionTable,
      LobbyRouter,
      PlayerRequests,
      RoomRecordCache,
      OwnerAttachments,
      GameEndNotifier,
      RoomFrames,
      SessionRooms,
      Admission,
      RoomRestorer,
      SessionRestorer,
      SettledSessions,
      PresenceReconciler,
      Departures,
      GatewayCleanup,
      StalledOwnerNotifier,
      PlayerRedirect,
      ConnectionLimits,
      SessionLifecycle,
      FrameRouter,
      GatewayService,
    ];
    return {
      module: EdgeModule,
      providers,
      exports: [EDGE_OPTIONS, GatewayCleanup, GatewayService, OwnerAttachments, PlayerRedirect, SessionTable],
    };
  }
}
