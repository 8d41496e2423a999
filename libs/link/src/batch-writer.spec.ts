import { once } from 'node:events';
import fs from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { until } from '../../../tools/process/until.mjs';
import { BatchWriter } from './batch-writer.js';
import { CHUNK_BYTES_MAX, giveChunk, takeChunk } from './chunk-pool.js';

/** Connects sockets to a server that reads everything. `heard` resolves to all bytes that the server received from a socket. */
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

/**
 * The writes of several event-loop ticks. Each write has the index of its writer, its number of bytes, and whether these bytes may wait.
 */
const turns = fc.array(
  fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 2 * CHUNK_BYTES_MAX })),
      fc.boolean(),
    ),
    { maxLength: 40 },
  ),
  { maxLength: 6 },
);

describe('BatchWriter', () => {
  it("keeps the order of each writer's bytes when several writers write in one tick", async () => {
    await fc.assert(
      fc.asyncProperty(turns, async (all) => {
        const { sockets, heard, close } = await readers(3);
        const writers = sockets.map((socket) => new BatchWriter(socket));
        const said: Buffer[][] = sockets.map(() => []);
        let mark = 0;
        for (const turn of all) {
          for (const [who, bytes, mayWait] of turn) {
            const frame = Buffer.alloc(bytes, ++mark & 0xff);
            if (mayWait) {
              const at = writers[who].reserveWaiting(bytes);
              writers[who].chunk.set(frame, at);
            } else writers[who].write(frame);
            said[who].push(frame);
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        // The writer has not sent the bytes from `reserveWaiting` yet.
        for (const writer of writers) writer.flush();
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

  it('makes one system call for all writes of a tick', async () => {
    const { sockets, close } = await readers(1);
    const calls = jest.spyOn(fs, 'writeSync');
    const streamed = jest.spyOn(sockets[0], 'write');
    try {
      const writer = new BatchWriter(sockets[0]);
      for (let frame = 0; frame < 100; frame++) writer.write(Buffer.alloc(100));
      await new Promise((resolve) => setImmediate(resolve));
      expect(calls).toHaveBeenCalledTimes(1);
      expect(calls).toHaveReturnedWith(10_000);
      expect(streamed).not.toHaveBeenCalled();
    } finally {
      jest.restoreAllMocks();
      sockets[0].destroy();
      close();
    }
  });

  it('makes one system call for waiting bytes of several ticks', async () => {
    const { sockets, close } = await readers(1);
    const calls = jest.spyOn(fs, 'writeSync');
    try {
      const writer = new BatchWriter(sockets[0]);
      for (let tick = 0; tick < 3; tick++) {
        writer.reserveWaiting(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => calls.mock.calls.length > 0);
      // On a slow machine, three event-loop ticks can take longer than `WAIT_MS`, the maximum time that bytes wait.
      expect(calls.mock.results[0]?.value).toBeGreaterThanOrEqual(100);
      expect(calls.mock.results.reduce((sum, { value }) => sum + Number(value), 0)).toBeLessThanOrEqual(300);
    } finally {
      jest.restoreAllMocks();
      sockets[0].destroy();
      close();
    }
  });

  it('sends bytes that wait for the kernel before bytes that are written later in the tick', async () => {
    const { sockets, heard, close } = await readers(1);
    const calls = jest.spyOn(fs, 'writeSync');
    try {
      const writer = new BatchWriter(sockets[0]);
      const at = writer.reserveWaiting(1);
      writer.chunk[at] = 1;
      writer.write(Uint8Array.of(2));
      await new Promise((resolve) => setImmediate(resolve));
      expect(calls).toHaveBeenCalledTimes(1);
      sockets[0].end();
      expect([...(await heard(0))]).toEqual([1, 2]);
    } finally {
      jest.restoreAllMocks();
      sockets[0].destroy();
      close();
    }
  });

  it('stores bytes while the kernel does not accept them', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const met = once(server, 'connection');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [reader] = (await met) as [Socket];
    try {
      let drains = 0;
      const writer = new BatchWriter(socket, () => {
        drains += 1;
      });
      const said: Buffer[] = [];
      for (let mark = 0; mark < 40; mark++) {
        said.push(Buffer.alloc(500_000 + mark, mark));
        writer.write(said[mark]);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(writer.backlogBytes).toBeGreaterThan(1_000_000);
      expect(drains).toBe(0);
      const heard: Buffer[] = [];
      reader.on('data', (chunk) => heard.push(chunk));
      const ended = once(reader, 'end');
      reader.resume();
      socket.end();
      await ended;
      expect(Buffer.compare(Buffer.concat(heard), Buffer.concat(said))).toBe(0);
      expect(drains).toBe(1);
    } finally {
      socket.destroy();
      reader.destroy();
      server.close();
    }
  });
});

describe('takeChunk', () => {
  it('returns a chunk that is large enough and that no other caller uses', () => {
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
