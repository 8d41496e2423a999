import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate } from 'selfsigned';
import { KIND, SUBPROTOCOL_BINARY } from '#libs/protocol';
import type { Certificate } from '#libs/tls';
import { until } from '../../../../tools/process/until.mjs';
import type { EdgeOptions } from '../edge.options.js';
import type { ConnectionEvents, PlayerConnection } from './player-connection.js';
import { ProxiedSockets } from './proxied-sockets.js';
import { TcpTransport } from './tcp-transport.js';
import { TrustedProxies } from './trusted-proxies.js';
import { WebSocketTransport } from './web-socket-transport.js';

const HEADER_TIMEOUT_MS = 200;
const PROXY_LINE = 'PROXY TCP4 192.0.2.7 127.0.0.1 4711 7000\r\n';
const PROXY_V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207 7f000001 1267 1b58'.replaceAll(' ', ''), 'hex');
const HELLO = Buffer.from([0, 0, 0, 1, KIND.bye]);
const UPGRADE = `GET /play HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL_BINARY}\r\n`;
/** A masked WebSocket message of one byte. Its mask is zero. */
const MASKED_HELLO = Buffer.from([0x82, 0x81, 0, 0, 0, 0, KIND.bye]);

class Gateway implements ConnectionEvents {
  readonly addresses: (string | undefined)[] = [];
  readonly connections: PlayerConnection[] = [];
  frames = 0;
  accepted(_: Socket, address?: string): boolean {
    this.addresses.push(address);
    return true;
  }
  opened(connection: PlayerConnection): void {
    this.connections.push(connection);
  }
  frame(): void {
    this.frames += 1;
  }
  pinged(): boolean {
    return true;
  }
  closed(): void {}
  drained(): void {}
}

let certificate: Certificate;
const closers: (() => void)[] = [];
beforeAll(async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' });
  certificate = { options: { cert, key }, keepFresh: () => {} } as unknown as Certificate;
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Case {
  readonly port: 'tcp' | 'websocket';
  readonly isTls?: boolean;
  readonly trustedProxies?: readonly string[];
}

/** Opens a transport that reads PROXY headers, and connects to it. */
async function connected({ port: kind, isTls = false, trustedProxies = ['loopback'] }: Case) {
  const options = {
    host: '127.0.0.1',
    port: 0,
    tcpPort: 0,
    allowedOrigins: [],
    trustedProxies,
    forwardedHeaders: 'x-forwarded',
    proxyProtocol: 'both',
    frameBytesMax: 1_000,
    httpTimeoutMs: 1_000,
    helloTimeoutMs: HEADER_TIMEOUT_MS,
    connectionsMax: 100,
    hellosPendingMax: 100,
  } as unknown as EdgeOptions;
  const proxies = new TrustedProxies(options);
  const proxied = new ProxiedSockets(options, proxies);
  const own = isTls ? certificate : null;
  const transport = kind === 'tcp' ? new TcpTransport(options, proxied, own) : new WebSocketTransport(options, proxies, proxied, null, own);
  const gateway = new Gateway();
  const port = await transport.listen(gateway);
  const socket = connect(port, '127.0.0.1');
  const state = { isClosed: false };
  socket
    .on('error', () => {})
    .on('close', () => {
      state.isClosed = true;
    });
  closers.push(() => {
    socket.destroy();
    transport.close();
  });
  await once(socket, 'connect');
  return { gateway, socket, state };
}

describe.each([
  ['version 1', Buffer.from(PROXY_LINE)],
  ['version 2', PROXY_V2],
])('a PROXY header of %s', (_, header) => {
  it('gives the address of the client for a TCP connection', async () => {
    const { gateway, socket } = await connected({ port: 'tcp' });
    socket.write(header);
    await until(() => gateway.connections.length === 1);
    socket.write(HELLO);
    await until(() => gateway.frames === 1);
    expect(gateway.connections[0]!.address).toBe('192.0.2.7');
  });

  it.each(['tcp', 'websocket'] as const)('gives the address of the client when the header arrives byte by byte (%s)', async (port) => {
    const { gateway, socket } = await connected({ port });
    socket.setNoDelay(true);
    for (const byte of header) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write(port === 'tcp' ? HELLO : Buffer.concat([Buffer.from(`${UPGRADE}\r\n`), MASKED_HELLO]));
    await until(() => gateway.frames === 1);
    expect(gateway.connections[0]!.address).toBe('192.0.2.7');
  });

  it.each(['tcp', 'websocket'] as const)(
    'is read without losing the bytes that follow the header in the same packet (%s)',
    async (port) => {
      const { gateway, socket } = await connected({ port });
      const rest = port === 'tcp' ? HELLO : Buffer.concat([Buffer.from(`${UPGRADE}\r\n`), MASKED_HELLO]);
      socket.write(Buffer.concat([header, rest]));
      await until(() => gateway.frames === 1);
      socket.write(port === 'tcp' ? HELLO : MASKED_HELLO);
      await until(() => gateway.frames === 2);
      expect(gateway.connections[0]!.address).toBe('192.0.2.7');
    },
  );

  it.each(['tcp', 'websocket'] as const)('is read before the TLS handshake (%s)', async (port) => {
    const { gateway, socket } = await connected({ port, isTls: true });
    socket.write(header);
    const secure = connectTls({ socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    secure.write(port === 'tcp' ? HELLO : Buffer.concat([Buffer.from(`${UPGRADE}\r\n`), MASKED_HELLO]));
    await until(() => gateway.frames === 1);
    expect(gateway.addresses).toEqual(['192.0.2.7']);
    expect(gateway.connections[0]!.address).toBe('192.0.2.7');
  });
});

describe('a port that requires PROXY headers from trusted proxies', () => {
  it('uses the header X-Forwarded-For only when the address in the PROXY header is that of another trusted proxy', async () => {
    for (const [client, forwarded] of [
      ['192.0.2.7', '192.0.2.7'],
      ['127.0.0.9', '198.51.100.1'],
    ]) {
      const { gateway, socket } = await connected({ port: 'websocket' });
      socket.write(`PROXY TCP4 ${client} 127.0.0.1 1 2\r\n${UPGRADE}X-Forwarded-For: 198.51.100.1\r\n\r\n`);
      await until(() => gateway.connections.length === 1);
      expect(gateway.connections[0]!.address).toBe(forwarded);
    }
  });

  it('uses the address of the proxy when the PROXY header contains no address', async () => {
    const { gateway, socket } = await connected({ port: 'tcp' });
    socket.write('PROXY UNKNOWN\r\n');
    await until(() => gateway.connections.length === 1);
    expect(gateway.connections[0]!.address).toBe('127.0.0.1');
  });

  it.each(['tcp', 'websocket'] as const)('closes a connection of a trusted proxy without a valid header (%s)', async (port) => {
    for (const begin of [HELLO, Buffer.from(UPGRADE), Buffer.from('PROXY TCP4 a b c d\r\n')]) {
      const { gateway, socket, state } = await connected({ port });
      socket.write(begin);
      await until(() => state.isClosed);
      expect(gateway.addresses).toEqual([]);
    }
  });

  it('closes a connection whose header does not arrive in time', async () => {
    const { gateway, socket, state } = await connected({ port: 'tcp' });
    socket.write('PROXY TCP4 ');
    await until(() => state.isClosed);
    expect(gateway.addresses).toEqual([]);
  });

  it('accepts a connection from any other address only if it sends no PROXY header', async () => {
    const plain = await connected({ port: 'tcp', trustedProxies: ['192.0.2.1'] });
    plain.socket.write(HELLO);
    await until(() => plain.gateway.frames === 1);
    expect(plain.gateway.connections[0]!.address).toBe('127.0.0.1');
    const forged = await connected({ port: 'websocket', trustedProxies: ['192.0.2.1'] });
    forged.socket.write(PROXY_LINE);
    const [answer] = (await once(forged.socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    expect(forged.gateway.connections).toEqual([]);
  });
});
