import type { RequestListener } from 'node:http';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { ExtensionModule } from '#libs/extension';
import { ModerationModule } from '#libs/moderation';
import type { Certificate } from '#libs/tls';
import { ConnectionLimits } from './connection/connection-limits.js';
import { EDGE_OPTIONS, type EdgeOptions } from './edge.options.js';
import { FrameRouter } from './frame-router.js';
import { GatewayService } from './gateway.service.js';
import { Admission } from './lifecycle/admission.js';
import { Departures } from './lifecycle/departures.js';
import { GatewayCleanup } from './lifecycle/gateway-cleanup.js';
import { PresenceReconciler } from './lifecycle/presence-reconciler.js';
import { SearchChecks } from './lifecycle/search-checks.js';
import { SessionLifecycle } from './lifecycle/session-lifecycle.js';
import { SessionRestorer } from './lifecycle/session-restorer.js';
import { SettledSessions } from './lifecycle/settled-sessions.js';
import { LobbyRouter } from './lobby/lobby-router.js';
import { PlayerRequests } from './lobby/player-requests.js';
import { RequestRouter } from './lobby/request-router.js';
import { RoomListFeeds } from './lobby/room-list-feeds.js';
import { PlayerRedirect } from './player-redirect.js';
import { GameEndNotifier } from './room/game-end-notifier.js';
import { OwnerAttachments } from './room/owner-attachments.js';
import { pauseTraces } from './room/pause-traces.js';
import { RoomFrames } from './room/room-frames.js';
import { RoomRecordCache } from './room/room-record-cache.js';
import { RoomRestorer } from './room/room-restorer.js';
import { SessionRooms } from './room/session-rooms.js';
import { StalledOwnerNotifier } from './room/stalled-owner-notifier.js';
import { SessionTable } from './session/session-table.js';
import { PUBLIC_CERTIFICATE } from './transport/client-transport.js';
import { ClientTransports } from './transport/client-transports.js';
import { ProxiedSockets } from './transport/proxied-sockets.js';
import { TcpTransport } from './transport/tcp-transport.js';
import { TrustedProxies } from './transport/trusted-proxies.js';
import { PUBLIC_PAGES, WebSocketTransport } from './transport/web-socket-transport.js';

export interface EdgeModuleOptions {
  readonly options: EdgeOptions;
  /** The certificate with which WebSocket and TCP use TLS. Null or undefined: no TLS. */
  readonly certificate?: Certificate | null;
  /** Handles plain HTTP requests on the public port. Undefined: the gateway answers each request with 404. */
  readonly pages?: RequestListener;
}

/** Accepts players and relays their messages. Requires `FleetModule`, `LinkModule`, `RoomStoreModule`, `SessionModule`. */
@Module({})
export class EdgeModule {
  static forRoot({ options, certificate = null, pages }: EdgeModuleOptions): DynamicModule {
    const providers: Provider[] = [
      { provide: EDGE_OPTIONS, useValue: options },
      { provide: PUBLIC_CERTIFICATE, useValue: certificate },
      { provide: PUBLIC_PAGES, useValue: pages ?? null },
      TrustedProxies,
      ProxiedSockets,
      WebSocketTransport,
      TcpTransport,
      ClientTransports,
      SessionTable,
      LobbyRouter,
      PlayerRequests,
      RequestRouter,
      RoomListFeeds,
      RoomRecordCache,
      OwnerAttachments,
      pauseTraces,
      GameEndNotifier,
      RoomFrames,
      SessionRooms,
      Admission,
      RoomRestorer,
      SessionRestorer,
      SettledSessions,
      PresenceReconciler,
      SearchChecks,
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
      imports: [ExtensionModule, ModerationModule],
      providers,
      exports: [EDGE_OPTIONS, GatewayService, OwnerAttachments, PlayerRedirect, SessionLifecycle, SessionRooms, SessionTable],
    };
  }
}
