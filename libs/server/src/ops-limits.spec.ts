import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { limitOps } from './ops-limits.js';

const REQUEST_MS = 300;
const CONNECTIONS_MAX = 4;
const UNREAD_MS = 300;
const ANSWER_MS = 1_000;
/** A body that is larger than the kernel's buffers at both ends of a connection together. */
const LONG = Buffer.alloc(32 * 1_048_576, 'x');
/** Time limit of these tests, in ms. By default, Node looks for overdue connections only every 30 s. */
const WITHIN_MS = 5_000;

let server: Server;
const sockets: Socket[] = [];
const timers: NodeJS.Timeout[] = [];

let answer: RequestListener;

beforeEach(async () => {
  answer = (_, response) => response.end('well');
  server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  limitOps(server, { connectionsMax: CONNECTIONS_MAX, requestMs: REQUEST_MS, unreadMs: UNREAD_MS, answerMs: ANSWER_MS });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer);
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** Sends `text`, and then one more letter at a time. Reads the answer. */
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

/**
 * Sends a request, but does not read the answer until the test resumes the socket. `cut` settles when the server has closed the connection.
 */
function reading(): { socket: Socket; cut: Promise<void> } {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  sockets.push(socket);
  const cut = new Promise<void>((resolve) => server.once('connection', (theirs: Socket) => theirs.once('close', () => resolve())));
  socket.pause();
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
  return { socket, cut };
}

describe('the ops port', () => {
  it.each([
    ['sends its headers slowly', 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['sends its body slowly', 'POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n'],
    ['sends nothing', ''],
  ])(
    'closes a connection within seconds when the client %s',
    async (_, text) => {
      const { heard, closed } = dripping(text);
      await closed;
      expect(heard()).toMatch(/^HTTP\/1\.1 408 /);
    },
    WITHIN_MS,
  );

  it(
    'accepts new connections after it has closed the slow connections',
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

  it(
    'closes a connection when the client does not read the answer or the events',
    async () => {
      answer = (_, response) => response.end(LONG);
      await reading().cut;
      answer = (_, response) => {
        const telling = setInterval(() => response.write(LONG.subarray(0, 1_048_576)), 20);
        response.on('close', () => clearInterval(telling));
      };
      await reading().cut;
    },
    WITHIN_MS,
  );

  it(
    'closes a connection when the client reads the answer too slowly',
    async () => {
      // The timeout for stalled connections is so long that only the time limit of the answer can close this connection.
      server.timeout = 10 * WITHIN_MS;
      answer = (_, response) => response.end(LONG);
      const { socket, cut } = reading();
      socket.on('data', () => {
        socket.pause();
        timers.push(setTimeout(() => socket.resume(), 20));
      });
      socket.resume();
      await cut;
    },
    WITHIN_MS,
  );

  it(
    'keeps a connection open while the server computes a slow answer',
    async () => {
      answer = (_, response) => setTimeout(() => response.end('at last'), 3 * UNREAD_MS);
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await (await fetch(url)).text()).toBe('at last');
      let received = 0;
      answer = (_, response) => {
        const telling = setInterval(() => {
          received += 1;
          response.write(': all is quiet\n\n');
          if (received === 5) {
            clearInterval(telling);
            response.end();
          }
        }, ANSWER_MS / 2);
      };
      expect(await (await fetch(url)).text()).toBe(': all is quiet\n\n'.repeat(5));
    },
    2 * WITHIN_MS,
  );
});
