import { createServer, type Server, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import {
  decodePlayerMessage,
  encodeServerMessage,
  FrameSplitter,
  playerMessageFromJson,
  type ServerMessage,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_COMPACT,
  SUBPROTOCOL_JSON,
} from '#libs/protocol';
import type { FakeFleet } from './fake-fleet.fixture.js';
import type { Line } from './fake-session.fixture.js';

/** A gateway of the fake fleet: a WebSocket port and a TCP port on loopback. */
export class FakeGateway {
  url = '';
  tcpUrl = '';
  private readonly lines = new Set<Line>();
  private webSockets: WebSocketServer | undefined;
  private tcp: Server | undefined;

  constructor(readonly fleet: FakeFleet) {}

  static async open(fleet: FakeFleet): Promise<FakeGateway> {
    const gateway = new FakeGateway(fleet);
    await gateway.listen();
    return gateway;
  }

  get connections(): number {
    return this.lines.size;
  }

  private async listen(): Promise<void> {
    const webSockets = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      path: '/play',
      handleProtocols: (offered) => this.known().find((name) => offered.has(name)) ?? false,
    });
    this.webSockets = webSockets;
    webSockets.on('connection', (socket) => {
      const isJson = socket.protocol === SUBPROTOCOL_JSON;
      const frame = frames(() => line);
      const line = this.line(
        isJson ? 'json' : 'binary',
        (message) => socket.send(isJson ? JSON.stringify(message) : frame(message)),
        (bytes) => socket.send(bytes),
        () => socket.send(isJson ? '{"kind":' : GARBAGE),
        () => socket.close(1001),
      );
      line.isCompact = socket.protocol === SUBPROTOCOL_COMPACT;
      socket.on('message', (data: Buffer) =>
        this.fleet.take(isJson ? playerMessageFromJson(data.toString()) : decodePlayerMessage(data), line),
      );
      socket.on('close', () => this.forget(line));
    });
    const tcp = createServer((socket) => this.tcpPlayer(socket));
    this.tcp = tcp;
    await Promise.all([
      new Promise((resolve) => webSockets.once('listening', resolve)),
      new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve)),
    ]);
    this.url = `ws://127.0.0.1:${portOf(webSockets)}/play`;
    this.tcpUrl = `tcp://127.0.0.1:${portOf(tcp)}`;
  }

  async close(): Promise<void> {
    for (const line of this.lines) line.cut();
    await Promise.all([
      new Promise((resolve) => (this.webSockets ? this.webSockets.close(resolve) : resolve(null))),
      new Promise((resolve) => (this.tcp ? this.tcp.close(resolve) : resolve(null))),
    ]);
  }

  /** The subprotocols that this gateway accepts, in order of preference. */
  private known(): string[] {
    return [...(this.fleet.isCompactKnown ? [SUBPROTOCOL_COMPACT] : []), SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON];
  }

  private tcpPlayer(socket: Socket): void {
    const encode = frames(() => line);
    const write = (frame: Uint8Array): void => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      socket.write(Buffer.concat([length, frame]));
    };
    const line = this.line(
      'tcp',
      (message) => write(encode(message)),
      write,
      () => write(GARBAGE),
      () => socket.end(),
    );
    const splitter = new FrameSplitter(16_384, (frame) => this.fleet.take(decodePlayerMessage(frame), line));
    socket.on('data', (chunk) => splitter.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.forget(line));
  }

  private line(transport: Line['transport'], send: Line['send'], sendBytes: Line['sendBytes'], garble: () => void, cut: () => void): Line {
    const line: Line = { transport, isCompact: false, session: null, send, sendBytes, garble, cut };
    this.lines.add(line);
    this.fleet.lines.add(line);
    return line;
  }

  private forget(line: Line): void {
    this.lines.delete(line);
    this.fleet.lines.delete(line);
    if (line.session?.line === line) line.session.line = null;
  }
}

/**
 * Returns the encoder of the frames of one connection. It never makes a compact sync before the first `placed` of the connection, because a
 * compact sync does not name its room.
 */
function frames(line: () => Line): (message: ServerMessage) => Uint8Array {
  let isPlaced = false;
  return (message) => {
    if (message.kind === 'placed') isPlaced = true;
    const { isCompact, session } = line();
    return isCompact && isPlaced && session && message.kind === 'sync' ? session.syncs.frameOf(message) : encodeServerMessage(message);
  };
}

/** A frame that cannot be decoded: a sync whose body ends inside a map. */
const GARBAGE = Buffer.from([0x85, 0, 0, 0, 1, 0, 0, 0, 1, 0x82, 0xa1]);

function portOf(server: { address(): unknown }): number {
  return (server.address() as { port: number }).port;
}
