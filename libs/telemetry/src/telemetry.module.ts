import { type DynamicModule, Module } from '@nestjs/common';
import { EventLoopLag } from './event-loop-lag.js';
import { Log } from './log.js';
import { Metrics } from './metrics.js';
import { NestLog } from './nest-log.js';
import { OpsController } from './ops.controller.js';
import { ProcessLoad } from './process-load.js';
import { Readiness } from './readiness.js';
import { TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry.options.js';

const PROVIDERS = [Log, NestLog, Metrics, EventLoopLag, ProcessLoad, Readiness];

@Module({})
export class TelemetryModule {
  static forRoot(options: TelemetryOptions): DynamicModule {
    return {
      module: TelemetryModule,
      global: true,
      controllers: [OpsController],
      providers: [{ provide: TELEMETRY_OPTIONS, useValue: options }, ...PROVIDERS],
      exports: PROVIDERS,
    };
  }
}
