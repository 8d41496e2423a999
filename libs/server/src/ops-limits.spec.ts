import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { limitOps } from './ops-limits.js';

const REQUEST_MS = 300;
const CONNECTIONS_MAX = 4;
/** Node's own look, every 30 s, would be later. */
const WITHIN_MS = 5_000;

let server: Server;
const sockets: Socket[] = [];
const timers: NodeJS.Timeout[] = [];

beforeEach(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => response.end('well'));
  });
  limitOps(server, { connectionsMax: CONNECTIONS_MAX, requestMs: REQUEST_MS });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer);
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** Says `text` and then a letter now and then, and reads what is answered. */
function dripping(text: string): { heard: () => string; closed: Promise<void> } {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  let heard = '';
  socket
    .on('error', () => {})
    .on('data', (bytes) => {
      heard += bytes;
    });
  socket.write(text);
  if (text !== '') timers.push(setInterval(() => socket.writable && socket.write('a'), 50));
  return { heard: () => heard, closed: new Promise((resolve) => socket.on('close', () => resolve())) };
}

describe('the ops port', () => {
  it.each([
    ['its headers', 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['its body', 'POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n'],
    ['nothing', ''],
  ])(
    'closes who sends %s in drips, soon',
    async (_, text) => {
      const { heard, closed } = dripping(text);
      await closed;
      expect(heard()).toMatch(/^HTTP\/1\.1 408 /);
    },
    WITHIN_MS,
  );

  it(
    'is open to others as soon as those are closed who held all its places',
    async () => {
      const slow = Array.from({ length: CONNECTIONS_MAX }, () => dripping('GET /livez HTTP/1.1\r\nX-Slow: '));
      const tooMany = dripping('GET /livez HTTP/1.1\r\n');
      await Promise.all([...slow, tooMany].map(({ closed }) => closed));
      expect(tooMany.heard()).toBe('');
      const quick = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/livez`);
      expect(await quick.text()).toBe('well');
    },
    WITHIN_MS,
  );
});
