import { connect, createServer, type Socket } from 'node:net';

/**
 * The minimal relay in Node: sockets of players on one side, and one multiplexed connection to an echo server on the other
 * (length, handle, frame). It reads into one reused buffer, and writes once per tick. `relay echo` is the echo server.
 */
const [role, port, backendPort] = process.argv.slice(2);
const LENGTH = 4;
const HANDLE = 4;

// The process ends with the bench that started it.
process.on('disconnect', () => process.exit());

function serveEcho(): void {
  createServer({ noDelay: true }, (socket) => {
    const out = new Batch(socket);
    const cut = cutter((frame) => out.frame(null, frame));
    socket.on('data', cut);
    socket.on('error', () => {});
  }).listen(Number(port), '127.0.0.1', ready);
}

function serveRelay(): void {
  const players = new Map<number, Batch>();
  let handles = 0;
  const toPlayer = cutter((frame) => players.get(frame.readUInt32BE(0))?.frame(null, frame.subarray(HANDLE)));
  const backend = connect({ host: '127.0.0.1', port: Number(backendPort), noDelay: true, onread: reading(toPlayer) });
  const up = new Batch(backend);
  const server = createServer({ noDelay: true }, (socket) => {
    const handle = ++handles;
    players.set(handle, new Batch(socket));
    const cut = cutter((frame) => up.frame(handle, frame));
    socket.on('data', cut);
    socket.on('error', () => {});
    socket.on('close', () => players.delete(handle));
  });
  backend.once('connect', () => server.listen(Number(port), '127.0.0.1', ready));
}

function ready(): void {
  process.send?.('ready');
}

function reading(receive: (chunk: Buffer) => void): { buffer: Buffer; callback: (count: number) => boolean } {
  const buffer = Buffer.allocUnsafeSlow(65_536);
  return {
    buffer,
    callback: (count) => {
      receive(buffer.subarray(0, count));
      return true;
    },
  };
}

function cutter(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | null = null;
  return (chunk) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= LENGTH) {
      const end = at + LENGTH + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      onFrame(bytes.subarray(at + LENGTH, end));
      at = end;
    }
    rest = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
  };
}

/** Combines the frames of one tick into one write. */
class Batch {
  private static dirty: Batch[] = [];
  private parts: Buffer[] = [];

  constructor(private readonly socket: Socket) {}

  frame(handle: number | null, frame: Buffer): void {
    const head = handle === null ? LENGTH : LENGTH + HANDLE;
    const bytes = Buffer.allocUnsafe(head + frame.length);
    bytes.writeUInt32BE(head - LENGTH + frame.length);
    if (handle !== null) bytes.writeUInt32BE(handle, LENGTH);
    bytes.set(frame, head);
    if (this.parts.push(bytes) > 1) return;
    if (Batch.dirty.push(this) === 1) setImmediate(Batch.flush);
  }

  private static flush(): void {
    const { dirty } = Batch;
    Batch.dirty = [];
    for (const batch of dirty) {
      const { parts } = batch;
      batch.parts = [];
      if (batch.socket.writable) batch.socket.write(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    }
  }
}

// Last, because a class cannot be used before its definition.
if (role === 'echo') serveEcho();
else serveRelay();
