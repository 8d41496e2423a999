import { AsyncLocalStorage } from 'node:async_hooks';
import type * as Api from '@opentelemetry/api';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import { type Span, type SpanAttributes, type TraceContext, Tracer } from './tracer.js';
import type { TracingOptions } from './tracing.options.js';

/** Longest time for which an ended span waits to be sent together with other spans, in ms. */
const EXPORT_MS = 1_000;

/**
 * Loads OpenTelemetry and returns a tracer that sends its spans to the endpoint. A server without an endpoint loads none of these packages.
 * The exporter also reads `OTEL_EXPORTER_OTLP_HEADERS` and the other standard variables for OTLP.
 */
export async function openTelemetryTracer(options: TracingOptions & { readonly endpoint: string }): Promise<Tracer> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${options.endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `holdfast-${options.type}`,
      'service.instance.id': options.server,
      'service.version': options.build,
    }),
    // `isSampled` decides about a trace before its first span, so each span that begins is recorded.
    sampler: new sdk.AlwaysOnSampler(),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_MS })],
  });
  return new OpenTelemetryTracer(api, provider, options.samplePercent);
}

class OpenTelemetryTracer extends Tracer {
  private readonly tracer: Api.Tracer;
  private readonly spans = new AsyncLocalStorage<TraceContext>();

  constructor(
    private readonly api: typeof Api,
    private readonly provider: TracerProvider,
    private readonly samplePercent: number,
  ) {
    super();
    this.tracer = provider.getTracer('holdfast');
  }

  override get active(): TraceContext | null {
    return this.spans.getStore() ?? null;
  }

  override isSampled(): boolean {
    return Math.random() * 100 < this.samplePercent;
  }

  override begin(name: string, attributes: SpanAttributes, parent?: TraceContext, agoMs = 0): Span {
    const { trace, ROOT_CONTEXT, SpanStatusCode, TraceFlags } = this.api;
    const context = parent
      ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.SAMPLED, isRemote: true })
      : ROOT_CONTEXT;
    const span = this.tracer.startSpan(name, { attributes, ...(agoMs > 0 && { startTime: Date.now() - agoMs }) }, context);
    const { traceId, spanId } = span.spanContext();
    return {
      context: { traceId, spanId },
      end: (more, error) => {
        if (more) span.setAttributes(more);
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
        span.end();
      },
    };
  }

  override async run<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>, parent?: TraceContext): Promise<T> {
    const span = this.begin(name, attributes, parent ?? this.active ?? undefined);
    try {
      const result = await this.spans.run(span.context, work);
      span.end();
      return result;
    } catch (error) {
      span.end(undefined, error);
      throw error;
    }
  }

  override async flush(timeoutMs: number): Promise<void> {
    // If the collector cannot be reached, the remaining spans are lost. This loss must neither delay the exit of the server nor make it
    // fail.
    await this.provider.forceFlush({ timeoutMillis: timeoutMs }).catch(() => {});
  }
}

/** Returns the message of an error, or of the error body with which a link rejected a request. */
function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : String(error);
}
