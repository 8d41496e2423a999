import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { BatchWriter } from './batch-writer.js';
import { CHUNK_BYTES_MAX, giveChunk, takeChunk } from './chunk-pool.js';

/** Sockets to somebody who reads all, and what each of them has said. */
async function readers(count: number): Promise<{ sockets: Socket[]; heard: (index: number) => Promise<Buffer>; close: () => void }> {
  const heard = new Map<number, Promise<Buffer>>();
  const server = createServer((socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    heard.set(
      socket.remotePort as number,
      once(socket, 'end').then(() => Buffer.concat(chunks)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  return { sockets, heard: (index) => heard.get(sockets[index].localPort as number) as Promise<Buffer>, close: () => server.close() };
}

/** Who writes how many bytes, in which turn of the loop. */
const turns = fc.array(
  fc.array(
    fc.tuple(fc.integer({ min: 0, max: 2 }), fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 2 * CHUNK_BYTES_MAX }))),
    { maxLength: 40 },
  ),
  { maxLength: 6 },
);

describe('a batch writer', () => {
  it('says all that was written, in order, and nothing of what others write in the same turn', async () => {
    await fc.assert(
      fc.asyncProperty(turns, async (all) => {
        const { sockets, heard, close } = await readers(3);
        const writers = sockets.map((socket) => new BatchWriter(socket));
        const said: Buffer[][] = sockets.map(() => []);
        let mark = 0;
        for (const turn of all) {
          for (const [who, bytes] of turn) {
            const frame = Buffer.alloc(bytes, ++mark & 0xff);
            writers[who].write(frame);
            said[who].push(frame);
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        await new Promise((resolve) => setImmediate(resolve));
        for (const [index, socket] of sockets.entries()) {
          socket.end();
          expect(Buffer.compare(await heard(index), Buffer.concat(said[index]))).toBe(0);
          expect(writers[index].backlogBytes).toBe(0);
        }
        close();
      }),
      { numRuns: 40 },
    );
  });

  it('writes what it gathered in one turn with one call', async () => {
    const { sockets, close } = await readers(1);
    let calls = 0;
    const write = sockets[0].write.bind(sockets[0]) as (...all: unknown[]) => boolean;
    sockets[0].write = (...all: unknown[]) => {
      calls += 1;
      return write(...all);
    };
    const writer = new BatchWriter(sockets[0]);
    for (let frame = 0; frame < 100; frame++) writer.write(Buffer.alloc(100));
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
    sockets[0].destroy();
    close();
  });
});

describe('chunks', () => {
  it('are as large as is asked for, and nobody else’s until they are given back', () => {
    const sizes = [1, 512, 513, 4_096, 5_000, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1];
    const taken = [...sizes, ...sizes].map((bytes) => ({ bytes, chunk: takeChunk(bytes) }));
    for (const [index, { bytes, chunk }] of taken.entries()) {
      expect(chunk.length).toBeGreaterThanOrEqual(bytes);
      chunk.fill(index);
    }
    for (const [index, { chunk }] of taken.entries()) expect(chunk.every((byte) => byte === index)).toBe(true);
    for (const { chunk } of taken) giveChunk(chunk);
    expect(takeChunk(CHUNK_BYTES_MAX)).toBe(taken[sizes.length + 5].chunk);
  });
});
