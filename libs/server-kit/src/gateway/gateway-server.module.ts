import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from '#libs/admin';
import { ChatModule } from '#libs/chat';
import { EdgeModule } from '#libs/edge';
import { HealthModule } from '#libs/health';
import { RecoveryModule } from '#libs/recovery';
import { CoreModule, certificateLog } from '#libs/server';
import { type AuthOptions, SessionModule } from '#libs/session';
import type { SettingsOf } from '#libs/settings';
import { certificateFrom } from '#libs/tls';
import { adminTokens } from './admin-tokens.js';
import { GatewayChatAudience, LobbyChatFollower } from './gateway-chat.js';
import { GatewayFacts } from './gateway-facts.js';
import { GatewayPlayersController } from './gateway-players.controller.js';
import { OwnerController } from './owner.controller.js';
import { playerRedirectWiring } from './player-redirect-wiring.js';
import { type PublicPagesOptions, publicPages } from './public-pages.js';
import { SessionTablePlayers } from './session-table-players.js';

@Module({})
export class GatewayServerModule {
  static forRoot(settings: SettingsOf<'gateway'>, { pages }: Pick<PublicPagesOptions, 'pages'> = {}): DynamicModule {
    const { edge, rooms, session, login, recovery, health, admin, scale, chat } = settings;
    const certificate = certificateFrom(edge, 'PUBLIC');
    const checker = HealthModule.forChecker(health);
    return {
      module: GatewayServerModule,
      imports: [
        CoreModule.forRoot('gateway', settings),
        SessionModule.forRoot({ auth: authOf(settings), sessionTtlMs: session.ttlMs }),
        EdgeModule.forRoot({
          options: {
            ...edge,
            seatGraceMs: rooms.seatGraceMs,
            roomsListedMax: rooms.listedMax,
            sessionTtlMs: session.ttlMs,
            secondLogin: login.second,
          },
          certificate,
          // The page asks the player for a token if the application has an authenticator.
          pages: publicPages({ auth: settings.auth.kind === 'guest' ? 'guest' : 'jwt', pages }),
        }),
        ChatModule.forGateway(chat),
        RecoveryModule.forRoot({ roomsAtOnce: recovery.roomsAtOnce, orphanTtlMs: rooms.orphanTtlMs }),
        HealthModule.forResponder(),
        checker,
        AdminModule.forRoot({ tokens: adminTokens(admin), scale }, checker),
      ],
      controllers: [OwnerController, GatewayPlayersController],
      providers: [
        certificateLog(certificate),
        playerRedirectWiring,
        GatewayFacts,
        GatewayChatAudience,
        LobbyChatFollower,
        SessionTablePlayers,
      ],
    };
  }
}

function authOf({ auth }: SettingsOf<'gateway'>): AuthOptions {
  if (auth.kind !== 'jwt') return { kind: auth.kind };
  const { jwtClaims: claims, jwtAllowNoExp: allowNoExp } = auth;
  const expected = { issuer: auth.jwtIssuer ?? undefined, audience: auth.jwtAudience ?? undefined, allowNoExp, claims };
  return auth.jwksUrl
    ? { kind: 'jwt', jwksUrl: auth.jwksUrl, ...expected }
    : { kind: 'jwt', secret: auth.jwtSecret as string, ...expected };
}
