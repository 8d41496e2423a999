import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type ServerId, serverId } from '#libs/protocol';
import { type Span, type SpanAttributes, type TraceContext, Tracer } from '#libs/tracing';
import { until } from '../../../tools/process/until.mjs';
import { LINK_KIND } from './link-frames.js';
import { LinkPeer } from './link-peer.js';
import { Links } from './links.js';

const SPAN: TraceContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

/** A tracer whose active span the test sets, and which remembers the parents of its spans. */
class RecordingTracer extends Tracer {
  override active: TraceContext | null = null;
  readonly runs: { readonly name: string; readonly parent: TraceContext | undefined }[] = [];

  override isSampled(): boolean {
    return true;
  }

  override begin(_name: string, _attributes: SpanAttributes): Span {
    return { context: SPAN, end: () => {} };
  }

  override run<T>(name: string, _attributes: SpanAttributes, work: () => Promise<T>, parent?: TraceContext): Promise<T> {
    this.runs.push({ name, parent });
    return work();
  }

  override async flush(): Promise<void> {}
}

function newLinks(id: ServerId, tracer: Tracer | null): Links {
  return new Links({ host: '127.0.0.1', port: 0, secrets: ['a secret of a fleet'] }, { id, incarnation: 1 }, tracer);
}

/** Returns the bytes that a server with this tracer sends for a request and for a command of a player. */
async function bytesSentBy(tracer: Tracer | null): Promise<Buffer> {
  const received: Buffer[] = [];
  const server = createServer((socket) => socket.on('data', (bytes) => received.push(bytes))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const inbox = { request: async () => null, event: () => {}, frame: () => {}, silence: () => {} };
  const peer = new LinkPeer(socket, { id: serverId('game', '1'), incarnation: 1 }, inbox, true, tracer);
  peer.request('rooms.start', { room: 'r1' }).catch(() => {});
  peer.sendSessionFrame(LINK_KIND.toRoom, 7, 3, Buffer.from('a command'));
  peer.close('the test is over');
  await once(socket, 'close');
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return Buffer.concat(received);
}

describe('the link of a server that traces', () => {
  const open: Links[] = [];
  afterEach(() => {
    for (const links of open.splice(0)) links.onApplicationShutdown();
  });

  async function linked(near: Tracer | null, far: Tracer | null) {
    const target = newLinks(serverId('game', '1'), far);
    const source = newLinks(serverId('gateway', '1'), near);
    open.push(target, source);
    const port = await target.listen();
    target.onRequest(async (_, pattern) => `answer to ${pattern}`);
    return { target, peer: await source.to({ id: serverId('game', '1'), host: '127.0.0.1', port }) };
  }

  it('sends the same bytes as without tracing while no span is active', async () => {
    const untraced = await bytesSentBy(null);
    expect(await bytesSentBy(new RecordingTracer())).toEqual(untraced);
    const tracer = new RecordingTracer();
    tracer.active = SPAN;
    expect((await bytesSentBy(tracer)).length).toBe(untraced.length + 4 + 1 + 4 + 24);
  });

  it('continues the trace of a request on the other server, but not for other requests', async () => {
    const [near, far] = [new RecordingTracer(), new RecordingTracer()];
    const { peer } = await linked(near, far);
    near.active = SPAN;
    const traced = peer.request('rooms.start', null);
    near.active = null;
    const untraced = peer.request('rooms.leave', null);
    expect(await Promise.all([traced, untraced])).toEqual(['answer to rooms.start', 'answer to rooms.leave']);
    expect(far.runs).toEqual([{ name: 'rooms.start', parent: SPAN }]);
  });

  it('delivers traced requests and frames to a server that does not trace', async () => {
    const near = new RecordingTracer();
    const { target, peer } = await linked(near, null);
    const frames: number[] = [];
    target.onFrame(LINK_KIND.toRoom, (_, frame) => frames.push(frame[0]!));
    near.active = SPAN;
    peer.sendCommandTrace(7, 1, SPAN);
    peer.sendSessionFrame(LINK_KIND.toRoom, 7, 3, Buffer.from('a command'));
    peer.sendSyncTrace(4, SPAN);
    expect(await peer.request('rooms.start', null)).toBe('answer to rooms.start');
    await until(() => frames.length === 1);
    expect(peer.isOpen).toBe(true);
  });
});
