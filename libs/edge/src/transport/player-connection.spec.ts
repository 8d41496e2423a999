import { once } from 'node:events';
import { Socket } from 'node:net';
import * as fc from 'fast-check';
import { WebSocket } from 'ws';
import {
  decodeCompactSync,
  decodePlayerMessage,
  decodeServerMessage,
  encodeCompactBody,
  encodePlayerMessage,
  encodeServerMessage,
  FrameSplitter,
  HoldfastError,
  KIND,
  pack,
  playerMessageFromJson,
  type RoomId,
  type ServerMessage,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_COMPACT,
  SUBPROTOCOL_JSON,
} from '#libs/protocol';
import { until } from '../../../../tools/process/until.mjs';
import type { EdgeOptions } from '../edge.options.js';
import { type ConnectionEvents, type PlayerConnection } from './player-connection.js';
import { ProxiedSockets } from './proxied-sockets.js';
import { TcpTransport } from './tcp-transport.js';
import { TrustedProxies } from './trusted-proxies.js';
import { JsonWebSocketConnection } from './web-socket-connection.js';
import { WebSocketTransport } from './web-socket-transport.js';

const options = {
  host: '127.0.0.1',
  port: 0,
  tcpPort: 0,
  allowedOrigins: [],
  trustedProxies: [],
  frameBytesMax: 1_000,
  httpTimeoutMs: 300,
  connectionsMax: 100,
  hellosPendingMax: 100,
} as unknown as EdgeOptions;
const proxies = new TrustedProxies(options);
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const UPGRADE = `GET /play HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL_BINARY}\r\n\r\n`;

/** A gateway that records the events of its connections. */
class Gateway implements ConnectionEvents {
  readonly connections: PlayerConnection[] = [];
  readonly frames: Buffer[] = [];
  closings = 0;
  socketsMax = 100;
  pingsMax = 100;
  accepted(): boolean {
    return this.socketsMax-- > 0;
  }
  pinged(): boolean {
    return this.pingsMax-- > 0;
  }
  drains = 0;
  opened(connection: PlayerConnection): void {
    this.connections.push(connection);
  }
  frame(_: PlayerConnection, frame: Buffer): void {
    this.frames.push(Buffer.from(frame));
  }
  closed(): void {
    this.closings += 1;
  }
  drained(): void {
    this.drains += 1;
  }
}

async function overWebSocket(subprotocol: string | string[], offer: object = {}) {
  const gateway = new Gateway();
  const transport = new WebSocketTransport(options, proxies, new ProxiedSockets(options, proxies), null);
  const port = await transport.listen(gateway);
  const client = new WebSocket(`ws://127.0.0.1:${port}/play`, subprotocol, offer);
  closers.push(() => {
    client.terminate();
    transport.close();
  });
  const received: (Buffer | string)[] = [];
  const closed: { code?: number } = {};
  client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : String(data)));
  client.on('close', (code) => {
    closed.code = code;
  });
  await once(client, 'open');
  await until(() => gateway.connections.length === 1);
  return { gateway, client, received, closed, port, connection: gateway.connections[0] };
}

async function overTcp() {
  const gateway = new Gateway();
  const transport = new TcpTransport(options, new ProxiedSockets(options, proxies));
  const port = await transport.listen(gateway);
  const client = new Socket();
  const received: Buffer[] = [];
  const splitter = new FrameSplitter(1 << 24, (frame) => received.push(Buffer.from(frame)));
  let isClosed = false;
  client.on('data', (chunk) => splitter.push(chunk));
  client.on('close', () => {
    isClosed = true;
  });
  client.on('error', () => {});
  client.connect(port, '127.0.0.1');
  closers.push(() => {
    client.destroy();
    transport.close();
  });
  await until(() => gateway.connections.length === 1);
  return { gateway, client, received, isClosed: () => isClosed, connection: gateway.connections[0] };
}

describe('a silent WebSocket', () => {
  it('gets only one ping until the client sends a message', async () => {
    const { gateway, client, connection } = await overWebSocket(SUBPROTOCOL_BINARY);
    let pings = 0;
    client.on('ping', () => {
      pings += 1;
    });
    const pongsMax = gateway.pingsMax;
    connection.probe(connection.lastMessageAt + 1);
    connection.probe(connection.lastMessageAt + 2);
    await until(() => gateway.pingsMax === pongsMax - 1);
    expect(pings).toBe(1);
    connection.lastMessageAt += 10;
    connection.probe(connection.lastMessageAt + 1);
    await until(() => gateway.pingsMax === pongsMax - 2);
    expect(pings).toBe(2);
  });
});

describe('a WebSocket connection', () => {
  // Payload lengths at which the encoding of the length changes, and the lengths next to them (RFC 6455).
  it.each([1, 125, 126, 127, 65_535, 65_536, 200_000])('delivers a frame of %i bytes', async (length) => {
    const { connection, received } = await overWebSocket(SUBPROTOCOL_BINARY);
    const frame = Buffer.alloc(length, 7);
    connection.sendFrame(frame);
    connection.sendFrame(Buffer.from([1]));
    await until(() => received.length === 2);
    expect(frame.equals(received[0] as Buffer)).toBe(true);
    expect(received[1]).toEqual(Buffer.from([1]));
  });

  it('delivers a sync whose parts the gateway writes separately', async () => {
    const { connection, received } = await overWebSocket(SUBPROTOCOL_BINARY);
    connection.sendSync(9, 4, pack({ room: 'r', state: { a: 1 } }));
    await until(() => received.length === 1);
    expect(decodeServerMessage(received[0] as Buffer)).toEqual({ kind: 'sync', version: 9, seq: 4, room: 'r', state: { a: 1 } });
  });

  it('delivers a compact sync with a header for the recipient before the shared body', async () => {
    const { connection, received } = await overWebSocket(SUBPROTOCOL_COMPACT);
    expect(connection.readsCompact).toBe(true);
    connection.sendCompactSync(300, 5, encodeCompactBody({ version: 9, from: 8 }, Buffer.from([1, 2])));
    await until(() => received.length === 1);
    expect((received[0] as Buffer).toString('hex')).toBe('8dac02050209010102');
    expect(decodeCompactSync(received[0] as Buffer)).toMatchObject({ seq: 300, input: 5, version: 9, from: 8 });
  });

  it.each([
    [[SUBPROTOCOL_COMPACT, SUBPROTOCOL_BINARY], SUBPROTOCOL_COMPACT],
    [[SUBPROTOCOL_BINARY, SUBPROTOCOL_COMPACT], SUBPROTOCOL_COMPACT],
    [[SUBPROTOCOL_BINARY], SUBPROTOCOL_BINARY],
    [[SUBPROTOCOL_JSON], SUBPROTOCOL_JSON],
  ])('answers a client that offers the subprotocols %j with the subprotocol %s', async (offered, chosen) => {
    const { client, connection } = await overWebSocket(offered);
    expect(client.protocol).toBe(chosen);
    expect(connection.readsCompact).toBe(chosen === SUBPROTOCOL_COMPACT);
  });

  it('delivers messages as JSON in both directions', async () => {
    const { connection, received, client, gateway } = await overWebSocket(SUBPROTOCOL_JSON);
    const ended: ServerMessage = { kind: 'ended', room: 'r' as RoomId, reason: 'finished', result: { winner: '✓' } };
    connection.send(ended);
    connection.sendSync(9, 4, pack({ room: 'r', state: {} }));
    client.send(JSON.stringify({ kind: 'command', seq: 3, name: 'place', data: { cell: 4 } }));
    client.send(JSON.stringify({ kind: 'no-such-kind' }));
    await until(() => received.length === 3 && gateway.frames.length === 1);
    expect(received.slice(0, 2).map((text) => JSON.parse(text as string))).toEqual([
      ended,
      { kind: 'sync', version: 9, seq: 4, room: 'r', state: {} },
    ]);
    expect(JSON.parse(received[2] as string)).toMatchObject({ kind: 'error', code: 'unknown-kind' });
    expect(decodePlayerMessage(gateway.frames[0])).toEqual({ kind: 'command', seq: 3, settled: 2, name: 'place', data: { cell: 4 } });
  });

  it('sends `goodbye` instead of a message that JSON cannot represent', async () => {
    const { connection, received, closed } = await overWebSocket(SUBPROTOCOL_JSON);
    const date = Buffer.from([0x81, 0xa5, ...Buffer.from('state'), 0xd6, 0xff, 0, 0, 0, 0]);
    expect(() => connection.sendSync(9, 4, date)).not.toThrow();
    await until(() => closed.code !== undefined);
    expect(received.map((text) => JSON.parse(text as string))).toEqual([expect.objectContaining({ kind: 'goodbye', code: 'internal' })]);
  });

  it('shortens the reason of a close frame to the allowed length', async () => {
    const { connection, client } = await overWebSocket(SUBPROTOCOL_BINARY);
    const closing = once(client, 'close') as Promise<[code: number, reason: Buffer]>;
    connection.goodbye({ code: 'x'.repeat(500), reason: 'no server uses this code' }, 1_000);
    const [code, reason] = await closing;
    expect([code, reason.length <= 123, String(reason)]).toEqual([4000, true, expect.stringContaining('xxx… (500 characters)')]);
  });

  it.each([
    ['too large', Buffer.alloc(1_001), 1009, 'frame-too-large'],
    ['empty', Buffer.alloc(0), 1007, 'bad-frame'],
    ['text on a binary connection', 'hello', 1007, 'bad-frame'],
  ])('sends `goodbye` after a frame that is %s', async (_, data, closeCode, code) => {
    const { client, received, closed, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    client.send(data);
    await until(() => closed.code !== undefined);
    expect(closed.code).toBe(closeCode);
    expect(decodeServerMessage(received[0] as Buffer)).toMatchObject({ kind: 'goodbye', code });
    expect(gateway.frames).toEqual([]);
    await until(() => gateway.closings === 1);
  });

  it('closes after a compressed frame', async () => {
    const { client, closed, gateway } = await overWebSocket(SUBPROTOCOL_BINARY, { perMessageDeflate: true });
    expect(client.extensions).toBe('');
    // A frame with the bit RSV1 (compressed) and an empty mask. Source: RFC 7692, section 6.
    (client as unknown as { _socket: Socket })._socket.write(Buffer.from([0xc2, 0x81, 0, 0, 0, 0, 1]));
    await until(() => closed.code !== undefined);
    expect(gateway.frames).toEqual([]);
  });

  it('accepts a message in 8 fragments, but closes after a message in 200 fragments', async () => {
    const { client, closed, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    for (let piece = 0; piece < 8; piece++) client.send(Buffer.from([KIND.bye]), { fin: piece === 7 });
    await until(() => gateway.frames.length === 1);
    for (let piece = 0; piece < 200; piece++) client.send(Buffer.from([KIND.bye]), { fin: piece === 199 });
    await until(() => closed.code !== undefined);
    expect(gateway.frames).toHaveLength(1);
  });

  it('answers a limited number of pings', async () => {
    const { client, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    let pongs = 0;
    client.on('pong', () => {
      pongs += 1;
    });
    gateway.pingsMax = 2;
    for (let ping = 0; ping < 5; ping++) client.ping();
    client.send(Buffer.from([KIND.bye]));
    await until(() => gateway.frames.length === 1 && pongs === 2);
    expect(gateway.pingsMax).toBe(-3);
  });

  it('answers a close frame with a close frame of the same code', async () => {
    const { client, closed, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    client.close(4_321, 'enough');
    await until(() => closed.code !== undefined && gateway.closings === 1);
    expect(closed.code).toBe(4_321);
  });

  it('closes when the client closes the socket without a close frame', async () => {
    const { client, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    (client as unknown as { _socket: Socket })._socket.end();
    await until(() => gateway.closings === 1);
  });

  it('closes with code 1002 after a frame without a mask', async () => {
    const { client, closed, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    (client as unknown as { _socket: Socket })._socket.write(Buffer.from([0x82, 1, 7]));
    await until(() => closed.code !== undefined && gateway.closings === 1);
    expect(closed.code).toBe(1002);
  });

  it('receives a frame that arrives together with the upgrade request', async () => {
    const { port, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    const socket = new Socket();
    closers.push(() => socket.destroy());
    socket.connect(port, '127.0.0.1');
    socket.write(Buffer.concat([Buffer.from(UPGRADE), Buffer.from([0x82, 0x81, 0, 0, 0, 0, KIND.bye])]));
    await until(() => gateway.frames.length === 1);
    expect(gateway.frames[0]).toEqual(Buffer.from([KIND.bye]));
  });

  it('closes before the end of a message that is longer than four times the frame limit', async () => {
    const { client, closed } = await overWebSocket(SUBPROTOCOL_BINARY);
    client.send(Buffer.alloc(4_001));
    await until(() => closed.code !== undefined);
  });

  it.each([
    ['another path', '/other', SUBPROTOCOL_BINARY, undefined, 404],
    ['an unknown subprotocol', '/play', 'mqtt', undefined, 400],
    ['an origin that the gateway does not allow', '/play', SUBPROTOCOL_BINARY, 'https://evil.example', 403],
  ])('is refused when the upgrade request has %s', async (_, path, subprotocol, origin, status) => {
    const { port } = await overWebSocket(SUBPROTOCOL_BINARY);
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, subprotocol, { origin });
    const [, response] = (await once(client, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(status);
    client.on('error', () => {});
    client.terminate();
  });
});

describe('the public port of a gateway', () => {
  /** Sends these bytes. Returns the answer after the gateway has closed the socket. */
  async function answerTo(port: number, ...sent: string[]): Promise<string> {
    const socket = new Socket();
    closers.push(() => socket.destroy());
    let text = '';
    let isClosed = false;
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    socket.connect(port, '127.0.0.1');
    for (const line of sent) socket.write(line);
    await until(() => isClosed, 10_000);
    return text;
  }

  it('closes the socket of an incomplete HTTP request after some time, but not the connection of a player', async () => {
    const { port, client, gateway } = await overWebSocket(SUBPROTOCOL_BINARY);
    const [slow, silent] = await Promise.all([answerTo(port, 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-One: 1\r\n'), answerTo(port)]);
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(silent).toMatch(/^(HTTP\/1\.1 408 .*)?$/s);
    client.send(Buffer.from([KIND.bye]));
    await until(() => gateway.frames.length === 1);
  });

  it('closes the socket of a client that does not read its answer', async () => {
    // A kernel buffers fewer bytes than this for a client that reads nothing.
    const page = Buffer.alloc(32 * 1024 * 1024);
    let isCut = false;
    const transport = new WebSocketTransport(options, proxies, new ProxiedSockets(options, proxies), (request, response) => {
      request.socket.on('close', () => {
        isCut = true;
      });
      response.end(page);
    });
    const port = await transport.listen(new Gateway());
    const socket = new Socket();
    closers.push(
      () => transport.close(),
      () => socket.destroy(),
    );
    socket.on('error', () => {});
    socket.pause();
    socket.connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => isCut, 10_000);
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(bytes).toBeLessThan(page.length);
  });

  it('answers 400 to bytes that are not HTTP, and 431 to headers that are too long', async () => {
    const { port } = await overWebSocket(SUBPROTOCOL_BINARY);
    expect(await answerTo(port, '\u0000\u0001 what?\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await answerTo(port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('answers 503 to a socket above the maximum number of sockets', async () => {
    const { port, gateway, client } = await overWebSocket(SUBPROTOCOL_BINARY);
    gateway.socketsMax = 0;
    expect(await answerTo(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 503 /);
    expect(await answerTo(port, UPGRADE)).toMatch(/^HTTP\/1\.1 503 /);
    client.send(Buffer.from([KIND.bye]));
    await until(() => gateway.frames.length === 1);
  });
});

describe('a TCP connection', () => {
  it('delivers frames of any length in both directions', async () => {
    const { connection, received, client, gateway } = await overTcp();
    for (const length of [1, 16_380, 16_384, 100_000]) connection.sendFrame(Buffer.alloc(length, 3));
    connection.sendSync(2, 1, pack({ room: 'r' }));
    connection.sendCompactSync(3, 300, encodeCompactBody({ version: 2, from: 1 }, Buffer.from([7])));
    client.write(Buffer.from([0, 0, 0, 2, KIND.ack, 1, 0, 0, 0, 1, KIND.bye]));
    await until(() => received.length === 6 && gateway.frames.length === 2);
    expect(received.slice(0, 4).map(({ length }) => length)).toEqual([1, 16_380, 16_384, 100_000]);
    expect(decodeServerMessage(received[4])).toEqual({ kind: 'sync', version: 2, seq: 1, room: 'r' });
    expect(decodeCompactSync(received[5])).toMatchObject({ seq: 3, input: 300, version: 2, from: 1, patch: Buffer.from([7]) });
  });

  it.each([
    ['declares too many bytes', Buffer.from([0, 0, 4, 0]), 'frame-too-large'],
    ['has no bytes', Buffer.from([0, 0, 0, 0]), 'bad-frame'],
    ['is HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'frame-too-large'],
  ])('sends `goodbye` after a frame that %s', async (_, bytes, code) => {
    const { client, received, isClosed } = await overTcp();
    client.write(bytes);
    await until(isClosed);
    expect(decodeServerMessage(received[0])).toMatchObject({ kind: 'goodbye', code });
  });

  it('reports the backlog of a client that does not read', async () => {
    const { connection, client, gateway } = await overTcp();
    client.pause();
    for (let sent = 0; sent < 64; sent++) connection.sendFrame(Buffer.alloc(256 * 1024));
    await until(() => gateway.connections[0].backlogBytes > 1_000_000);
    client.resume();
    await until(() => connection.backlogBytes === 0);
    await until(() => gateway.drains > 0);
  });

  it('has no backlog when the client reads a large frame immediately', async () => {
    const { connection, received } = await overTcp();
    connection.sendFrame(Buffer.alloc(100_000));
    expect(connection.backlogBytes).toBe(0);
    await until(() => received.length === 1);
    expect(connection.backlogBytes).toBe(0);
  });

  it('is destroyed when the client does not read the goodbye in time', async () => {
    const { connection, client, gateway } = await overTcp();
    client.pause();
    for (let sent = 0; sent < 64; sent++) connection.sendFrame(Buffer.alloc(256 * 1024));
    connection.goodbye({ code: 'too-slow', reason: '' }, 20);
    await until(() => gateway.closings === 1);
    expect(connection.isOpen).toBe(false);
  });
});

/** Set `FUZZ_RUNS=100000` for many more runs. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 2_000);

describe('hostile data of a player', () => {
  const refusedProperly = (parse: () => unknown): void => {
    try {
      parse();
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      expect(['bad-frame', 'unknown-kind', 'frame-too-large']).toContain(error.code);
    }
  };
  const json = fc.jsonValue({ maxDepth: 4 });
  /** The encoder refuses the key `__proto__`, so neither a client nor a server sends it. */
  const encodable = json.filter((value) => !JSON.stringify(value).includes('"__proto__":'));
  const message = fc.oneof(
    fc.record({ kind: fc.constant('hello' as const), protocol: fc.nat(), name: fc.string() }),
    fc.record({ kind: fc.constant('request' as const), id: fc.nat(), operation: fc.string({ maxLength: 40 }), data: encodable }),
    fc.record({ kind: fc.constant('command' as const), seq: fc.nat(), name: fc.string({ maxLength: 40 }), data: encodable }),
    fc.record({ kind: fc.constant('ack' as const), version: fc.nat() }),
  );

  it('is decoded or refused with a known code when it is a random binary frame', () => {
    const anyFrame = fc
      .tuple(fc.oneof(fc.constantFrom(...Object.values(KIND)), fc.nat(255)), fc.uint8Array({ maxLength: 80 }))
      .map(([kind, rest]) => Uint8Array.of(kind, ...rest));
    return fc.assert(
      fc.property(anyFrame, (frame) => refusedProperly(() => decodePlayerMessage(frame))),
      { numRuns },
    );
  });

  it('is decoded or refused with a known code when it is a truncated, extended or modified frame', () => {
    return fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 4 }), (sent, at, byte, more) => {
        const frame = encodePlayerMessage(sent);
        refusedProperly(() => decodePlayerMessage(frame.subarray(0, at % (frame.length + 1))));
        refusedProperly(() => decodePlayerMessage(Uint8Array.of(...frame, ...more)));
        const modified = frame.slice();
        modified[at % frame.length] = byte;
        refusedProperly(() => decodePlayerMessage(modified));
      }),
      { numRuns },
    );
  });

  it('is decoded or refused with a known code when it is JSON', () => {
    const fields = fc.dictionary(fc.constantFrom('kind', 'id', 'seq', 'settled', 'name', 'operation', 'version', 'protocol', 'data'), json);
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fields.map((value) => JSON.stringify(value)),
      message.map((value) => JSON.stringify(value)),
    );
    return fc.assert(
      fc.property(text, (sent) =>
        refusedProperly(() => {
          const frame = JsonWebSocketConnection.frameOf(sent);
          expect(decodePlayerMessage(frame).kind).toBe(playerMessageFromJson(sent).kind);
        }),
      ),
      { numRuns },
    );
  });

  it('is refused when it is deeply nested JSON or MessagePack', () => {
    const depth = 100_000;
    refusedProperly(() =>
      JsonWebSocketConnection.frameOf(`{"kind":"request","id":1,"operation":"x","data":${'['.repeat(depth)}${']'.repeat(depth)}}`),
    );
    const deep = Buffer.concat([
      encodePlayerMessage({ kind: 'request', id: 1, operation: 'x' }),
      Buffer.alloc(depth, 0x91),
      Buffer.from([1]),
    ]);
    refusedProperly(() => decodePlayerMessage(deep));
  });

  it('is split into the same frames for any sizes of the received packets', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
    return fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(
          sent.map((frame) => {
            const length = Buffer.alloc(4);
            length.writeUInt32BE(frame.length);
            return Buffer.concat([length, frame]);
          }),
        );
        const split = (sizes: readonly number[]): string[] => {
          const results: string[] = [];
          let allocated = 0;
          const splitter = new FrameSplitter(
            32,
            (frame) => results.push(Buffer.from(frame).toString('hex')),
            (bytes) => {
              allocated = Math.max(allocated, bytes);
              return Buffer.alloc(bytes);
            },
          );
          try {
            for (let at = 0, cut = 0; at < stream.length; cut++) {
              const size = sizes[cut % sizes.length];
              splitter.push(stream.subarray(at, at + size));
              expect(splitter.bytesHeld).toBeLessThanOrEqual(32);
              at += size;
            }
          } catch (error) {
            if (!(error instanceof HoldfastError)) throw error;
            results.push(error.code);
          }
          expect(allocated).toBeLessThanOrEqual(32);
          return results;
        };
        expect(split(cuts)).toEqual(split([stream.length || 1]));
      }),
      { numRuns },
    );
  });

  it('can be part of a response that the client can decode', () => {
    return fc.assert(
      fc.property(fc.nat(), encodable, (id, data) => {
        const decoded = decodeServerMessage(encodeServerMessage({ kind: 'response', id, data }));
        expect(decoded).toMatchObject({ kind: 'response', id });
      }),
      { numRuns: Math.min(numRuns, 2_000) },
    );
  });
});
