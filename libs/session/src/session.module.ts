import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { StoreClock } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { Authenticator } from './authenticator.js';
import { GatewaySessionIndex } from './gateway-session-index.js';
import { GuestAuthenticator } from './guest-authenticator.js';
import { JwtAuthenticator } from './jwt-authenticator.js';
import { PendingAwayMarks } from './pending-away-marks.js';
import { type AuthOptions, SESSION_OPTIONS, type SessionOptions } from './session.options.js';
import { SessionNotices } from './session-notices.js';
import { SessionStore } from './session-store.js';

@Module({})
export class SessionModule {
  static forRoot(options: SessionOptions): DynamicModule {
    return {
      module: SessionModule,
      global: true,
      providers: [
        { provide: SESSION_OPTIONS, useValue: options },
        authenticatorProvider(options.auth),
        PendingAwayMarks,
        GatewaySessionIndex,
        SessionStore,
        SessionNotices,
      ],
      exports: [Authenticator, PendingAwayMarks, GatewaySessionIndex, SessionStore, SessionNotices],
    };
  }
}

function authenticatorProvider(auth: AuthOptions): Provider {
  if (typeof auth === 'function') return { provide: Authenticator, useClass: auth };
  switch (auth.kind) {
    case 'guest':
      return { provide: Authenticator, useClass: GuestAuthenticator };
    case 'jwt':
      return {
        provide: Authenticator,
        useFactory: (clock: StoreClock, log?: Log) => new JwtAuthenticator(auth, log, () => clock.storeTime()),
        inject: [StoreClock, { token: Log, optional: true }],
      };
  }
}
