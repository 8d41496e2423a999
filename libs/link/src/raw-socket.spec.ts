import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';
import { until } from '../../../tools/process/until.mjs';
import { readInPlace, readingTo, writeAtOnce } from './raw-socket.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Met {
  readonly accepted: Socket;
  readonly own: Socket;
  readonly heard: string[];
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Starts a server that reads its sockets in place, and records the accepted sockets. */
async function reading(maxConnections = 100): Promise<{ port: number; met: Met[]; server: Server }> {
  const met: Met[] = [];
  const server = createServer((accepted) => {
    const heard: string[] = [];
    const own = readInPlace(accepted, (bytes) => heard.push(String(bytes)));
    own.on('error', () => {});
    closers.push(() => own.destroy());
    met.push({ accepted, own, heard });
  });
  server.maxConnections = maxConnections;
  return { port: await listening(server), met, server };
}

function dial(port: number): Socket {
  const client = connect(port, '127.0.0.1').on('error', () => {});
  closers.push(() => client.destroy());
  return client;
}

describe('readInPlace', () => {
  // `readInPlace` uses fields that are not public in Node. This test fails when a version of Node has changed them.
  it('returns a new socket that sends, receives and closes like the accepted socket', async () => {
    const { port, met } = await reading();
    const [ann, bea] = [dial(port), dial(port)];
    await until(() => met.length === 2);
    expect(met.map(({ own, accepted }) => own === accepted)).toEqual([false, false]);
    const of = (client: Socket): Met => met.find(({ own }) => own.remotePort === client.localPort) as Met;
    ann.write('from Ann');
    bea.write('Bea');
    await until(() => of(ann).heard.join('') === 'from Ann' && of(bea).heard.join('') === 'Bea');
    of(ann).own.write('to Ann');
    expect(String((await once(ann, 'data'))[0])).toBe('to Ann');
    const closed = once(of(ann).own, 'close');
    ann.end();
    await closed;
    expect(of(bea).own.destroyed).toBe(false);
  });

  it('returns a socket that the server counts as a connection until the socket closes', async () => {
    const { port, met, server } = await reading(1);
    const first = dial(port);
    await until(() => met.length === 1);
    const second = dial(port);
    await once(second, 'close');
    expect(met).toHaveLength(1);
    const count = (): Promise<number> => new Promise((resolve) => server.getConnections((_, all) => resolve(all)));
    expect(await count()).toBe(1);
    const closed = once(met[0].own, 'close');
    first.destroy();
    await closed;
    expect(await count()).toBe(0);
    dial(port);
    await until(() => met.length === 2);
  });

  it('returns the accepted socket itself when the socket uses TLS', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const heard: string[] = [];
    const accepted: boolean[] = [];
    const server = createTlsServer({ key, cert }, (socket) => {
      accepted.push(readInPlace(socket, (bytes) => heard.push(String(bytes))) === socket);
      expect(writeAtOnce(socket, Buffer.from('in the clear'), 12)).toBe(0);
    });
    const port = await listening(server);
    const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    closers.push(() => client.destroy());
    client.write('sealed');
    await until(() => heard.length === 1);
    expect([accepted, heard]).toEqual([[true], ['sealed']]);
  });
});

describe('readingTo', () => {
  it('delivers the bytes of the peer and the end of the connection', async () => {
    const server = createServer((socket) => socket.end('hello'));
    const heard: string[] = [];
    const client = connect({ port: await listening(server), host: '127.0.0.1', onread: readingTo((bytes) => heard.push(String(bytes))) });
    await once(client, 'close');
    expect(heard).toEqual(['hello']);
  });
});

describe('writeAtOnce', () => {
  it('writes as many bytes as the kernel accepts, but no bytes while earlier bytes wait', async () => {
    const { port, met } = await reading();
    const client = dial(port);
    await until(() => met.length === 1);
    const [{ own }] = met;
    expect(writeAtOnce(own, Buffer.from('hello, world'), 5)).toBe(5);
    expect(String((await once(client, 'data'))[0])).toBe('hello');
    client.pause();
    const much = Buffer.alloc(16 << 20);
    const taken = writeAtOnce(own, much, much.length);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(much.length);
    own.write(much.subarray(taken));
    expect(writeAtOnce(own, much, 1)).toBe(0);
    own.destroy();
    expect(writeAtOnce(own, much, 1)).toBe(0);
  });
});
