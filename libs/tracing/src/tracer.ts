/** Identifies a span to other processes. Its ids have 32 and 16 hexadecimal digits, as in W3C Trace Context. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A part of a trace that has begun and not ended yet. */
export interface Span {
  readonly context: TraceContext;
  /** Ends the span now. With `error`, the span counts as failed. */
  end(attributes?: SpanAttributes, error?: unknown): void;
}

/**
 * Records traces. A server without tracing has `null` instead of a tracer, so that the frame path pays one comparison for each frame and
 * allocates nothing.
 */
export abstract class Tracer {
  /** Decides whether a new trace of a frequent operation, such as a command, is recorded. */
  abstract isSampled(): boolean;

  /** Begins a span that the caller ends. Without `parent`, it begins a trace. `agoMs`: time since the beginning of the span, in ms. */
  abstract begin(name: string, attributes: SpanAttributes, parent?: TraceContext, agoMs?: number): Span;

  /**
   * Runs `work` within a span, and ends the span when `work` ends. Without `parent`, the parent is the active span. Without an active span,
   * a trace begins. When `work` sends a request over a link, the request names the span, so that the receiving server continues the trace.
   */
  abstract run<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>, parent?: TraceContext): Promise<T>;

  /** The span within which the current code runs. Null: none. */
  abstract readonly active: TraceContext | null;

  /** Sends the spans that have ended, for at most `timeoutMs`. */
  abstract flush(timeoutMs: number): Promise<void>;
}

/** Runs `work`, within a span when this server has a tracer. */
export function traced<T>(tracer: Tracer | null, name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T> {
  return tracer === null ? work() : tracer.run(name, attributes, work);
}
