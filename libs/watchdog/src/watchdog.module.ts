import { type DynamicModule, Injectable, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DIRECT_GUARD, HandlerGuard } from './handler-guard.js';
import { Watchdog, type WatchdogReporterModule } from './watchdog.js';
import type { WatchdogOptions } from './watchdog.options.js';

/** Starts and stops the watchdog with the process. */
@Injectable()
class WatchdogLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly guard: HandlerGuard) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.guard instanceof Watchdog) await this.guard.start();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.guard instanceof Watchdog) await this.guard.close();
  }
}

/** Provides `HandlerGuard`: the watchdog, or `DIRECT_GUARD` when `limitMs` is 0 or the system has no signals. */
@Module({})
export class WatchdogModule {
  static forRoot(options: WatchdogOptions, reporter: WatchdogReporterModule): DynamicModule {
    const isOn = options.limitMs > 0 && Watchdog.isSupported;
    return {
      module: WatchdogModule,
      global: true,
      providers: [{ provide: HandlerGuard, useFactory: () => (isOn ? new Watchdog(options, reporter) : DIRECT_GUARD) }, WatchdogLifecycle],
      exports: [HandlerGuard],
    };
  }
}
