import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule } from '#libs/extension';
import { LinkIdentity } from '#libs/link';
import { EventJournal } from './event-journal.js';
import { EventSink } from './event-sink.js';
import { EventSinks } from './event-sinks.js';
import { FLEET_OPTIONS, type FleetOptions } from './fleet.options.js';
import { FleetEvents } from './fleet-events.js';
import { FleetLinks } from './fleet-links.js';
import { GatewayReach } from './gateway-reach.js';
import { LinkTrust } from './link-trust.js';
import { LocalStoreLossDetector } from './local-store-loss-detector.js';
import { RedisEventSink } from './redis-event-sink.js';
import { MutableSelf, Self } from './self.js';
import { SelfReport } from './self-report.js';
import { ServerDirectory } from './server-directory.js';
import { ServerRegistration } from './server-registration.js';

/** Requires `RedisModule`, `TelemetryModule` and `LinkModule`. Provides the `LinkIdentity` for `LinkModule`. */
@Module({})
export class FleetModule {
  static forRoot(options: FleetOptions): DynamicModule {
    return {
      module: FleetModule,
      global: true,
      imports: [ExtensionModule],
      providers: [
        { provide: FLEET_OPTIONS, useValue: options },
        MutableSelf,
        { provide: Self, useExisting: MutableSelf },
        { provide: LinkIdentity, useExisting: MutableSelf },
        EventJournal,
        SelfReport,
        RedisEventSink,
        { provide: EventSink, useClass: EventSinks },
        FleetEvents,
        ServerRegistration,
        ServerDirectory,
        FleetLinks,
        LinkTrust,
        GatewayReach,
        LocalStoreLossDetector,
      ],
      exports: [
        Self,
        LinkIdentity,
        SelfReport,
        EventSink,
        EventJournal,
        FleetEvents,
        ServerRegistration,
        ServerDirectory,
        FleetLinks,
        LinkTrust,
        GatewayReach,
        LocalStoreLossDetector,
      ],
    };
  }
}
