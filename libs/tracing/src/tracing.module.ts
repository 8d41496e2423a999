import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { openTelemetryTracer } from './open-telemetry-tracer.js';
import { Tracer } from './tracer.js';
import type { TracingOptions } from './tracing.options.js';

/** Time that the last spans of a server have to reach the receiver, in ms. */
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
