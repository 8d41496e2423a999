import type { TraceContext } from './tracer.js';

const TRACE_ID_BYTES = 16;

/** Length of a `TraceContext` in a frame of a link, in bytes: the id of the trace and the id of the span. */
export const CONTEXT_BYTES = 24;

export function writeContext({ traceId, spanId }: TraceContext, target: Buffer, at: number): void {
  target.write(traceId, at, 'hex');
  target.write(spanId, at + TRACE_ID_BYTES, 'hex');
}

/** Reads the `TraceContext` that `writeContext` wrote. Null: the frame is too short. */
export function readContext(frame: Buffer, at: number): TraceContext | null {
  if (frame.length < at + CONTEXT_BYTES) return null;
  return {
    traceId: frame.toString('hex', at, at + TRACE_ID_BYTES),
    spanId: frame.toString('hex', at + TRACE_ID_BYTES, at + CONTEXT_BYTES),
  };
}
