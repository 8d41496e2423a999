import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { openTelemetryTracer } from './open-telemetry-tracer.js';
import { Tracer } from './tracer.js';
import type { TracingOptions } from './tracing.options.js';

/** Time limit for sending the last spans when a server stops, in ms. */
const FLUSH_MS = 1_000;

/** Provides the `Tracer` of this process. Its value is null while tracing is off. */
@Module({})
export class TracingModule implements OnApplicationShutdown {
  constructor(@Inject(Tracer) private readonly tracer: Tracer | null) {}

  static forRoot(options: TracingOptions): DynamicModule {
    const { endpoint } = options;
    return {
      module: TracingModule,
      global: true,
      providers: [{ provide: Tracer, useFactory: async () => (endpoint === null ? null : openTelemetryTracer({ ...options, endpoint })) }],
      exports: [Tracer],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tracer?.flush(FLUSH_MS);
  }
}
