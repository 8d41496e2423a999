import { LINK_HEADER, LINK_KIND, type LinkPeer, type Links } from '#libs/link';
import { CONTEXT_BYTES, type Span, type SpanAttributes, type TraceContext, Tracer, writeContext } from '#libs/tracing';
import type { GatewaySession } from '../session/gateway-session.js';
import { PauseTraces } from './pause-traces.js';

/** A tracer that remembers the parent and the duration of each span. */
class RecordingTracer extends Tracer {
  readonly spans: { readonly parent: string | undefined; readonly agoMs: number | undefined }[] = [];
  override readonly active = null;

  override isSampled(): boolean {
    return true;
  }

  override begin(_name: string, _attributes: SpanAttributes, parent?: TraceContext, agoMs?: number): Span {
    this.spans.push({ parent: parent?.traceId, agoMs });
    return { context: { traceId: '0'.repeat(32), spanId: '0'.repeat(16) }, end: () => {} };
  }

  override run<T>(_name: string, _attributes: SpanAttributes, work: () => Promise<T>): Promise<T> {
    return work();
  }

  override async flush(): Promise<void> {}
}

describe('the traces of pauses', () => {
  it('contain the pause that ends with the `placed` of the new owner, but no later pause and no pause of another session', () => {
    const tracer = new RecordingTracer();
    let receive: (peer: LinkPeer, frame: Buffer) => void = () => {};
    const links = {
      onFrame: (kind: number, handler: typeof receive) => {
        if (kind === LINK_KIND.tracedPlaced) receive = handler;
      },
    };
    const traces = new PauseTraces(tracer, links as unknown as Links);
    const peer = {} as LinkPeer;
    const session = (handle: number) => ({ handle, attachment: { kind: 'attached', peer } }) as unknown as GatewaySession;
    const { handle, context } = LINK_HEADER.tracedPlaced;
    const frame = Buffer.alloc(context + CONTEXT_BYTES);
    frame.writeUInt32BE(7, handle);
    writeContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }, frame, context);

    receive(peer, frame);
    traces.resumed(session(8), 50);
    traces.resumed(session(7), 100);
    traces.resumed(session(7), 200);
    expect(tracer.spans).toEqual([{ parent: 'a'.repeat(32), agoMs: 100 }]);
  });
});
