import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
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
import { SessionUserDirectory } from './session-user-directory.js';
import { UserDirectory } from './user-directory.js';

@Module({})
export class SessionModule {
  static forRoot(options: SessionOptions): DynamicModule {
    return {
      module: SessionModule,
      global: true,
      imports: [ExtensionModule],
      providers: [
        { provide: SESSION_OPTIONS, useValue: options },
        ...authenticatorProviders(options.auth),
        SessionUserDirectory,
        ...extensionPoint(UserDirectory, { useExisting: SessionUserDirectory }),
        PendingAwayMarks,
        GatewaySessionIndex,
        SessionStore,
        SessionNotices,
      ],
      exports: [Authenticator, UserDirectory, PendingAwayMarks, GatewaySessionIndex, SessionStore, SessionNotices],
    };
  }
}

function authenticatorProviders(auth: AuthOptions): Provider[] {
  switch (auth.kind) {
    case 'guest':
      return extensionPoint(Authenticator, { useFactory: () => new GuestAuthenticator() });
    case 'jwt':
      return extensionPoint(Authenticator, {
        useFactory: (clock: StoreClock, log?: Log) => new JwtAuthenticator(auth, log, () => clock.storeTime()),
        inject: [StoreClock, { token: Log, optional: true }],
      });
    case 'extension':
      return extensionPoint(Authenticator, null, MISSING_AUTHENTICATOR);
  }
}

const MISSING_AUTHENTICATOR =
  'AUTH is "extension", but no module of this server has a provider with @Extension(Authenticator). Add the module to `extensions` of startGateway or to EXTENSIONS.';
