import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import {
  decodeServerMessage,
  encodePlayerMessage,
  FrameSplitter,
  LENGTH_BYTES,
  type PlayerMessage,
  type ServerMessage,
} from '#libs/protocol';
import { until } from '../../tools/process/until.mjs';
import type { FleetServer } from '../../tools/testing/fleet-server.js';

export type Way = 'binary' | 'json' | 'tcp';
type Of<Kind extends ServerMessage['kind']> = Extract<ServerMessage, { kind: Kind }>;

/**
 * The largest accepted frame, in bytes. It is the limit of the real client, because one frame contains all changes that a player missed.
 */
const FRAME_BYTES_MAX = 16 * 1_048_576;

/** A player that does not use `libs/client`: it can send any bytes, and records all received messages. */
export class RawPlayer {
  readonly heard: ServerMessage[] = [];
  isClosed = false;

  private constructor(
    private readonly way: Way,
    /** Sends one message, given as bytes or, for JSON, as text. */
    readonly send: (frame: Uint8Array | string) => void,
    /** Sends raw bytes, for TCP only. */
    readonly write: (bytes: Uint8Array) => void,
    private readonly end: () => void,
    /** Stops or continues reading from the socket. */
    readonly listen: (isListening: boolean) => void,
  ) {}

  /** @param from the client's address: a machine has all of 127.0.0.0/8, so one test can use several addresses. */
  static async connect(gateway: FleetServer, way: Way = 'json', from = '127.0.0.1'): Promise<RawPlayer> {
    return way === 'tcp' ? RawPlayer.overTcp(gateway, from) : RawPlayer.overWebSocket(gateway, way, from);
  }

  /** Connects a player, sends `hello` and waits for `welcome`. */
  static async welcomed(gateway: FleetServer, name: string, way: Way = 'json', from?: string): Promise<RawPlayer> {
    const player = await RawPlayer.connect(gateway, way, from);
    player.say({ kind: 'hello', protocol: 1, name });
    await player.hears('welcome');
    return player;
  }

  say(message: PlayerMessage): void {
    this.send(this.way === 'json' ? JSON.stringify(message) : encodePlayerMessage(message));
  }

  /** Returns the first message of this kind for which `isWanted` is true. Waits until the message has arrived. */
  hears<Kind extends ServerMessage['kind']>(kind: Kind, isWanted: (message: Of<Kind>) => boolean = () => true): Promise<Of<Kind>> {
    const find = (): Of<Kind> | undefined =>
      this.heard.find((message): message is Of<Kind> => message.kind === kind && isWanted(message as Of<Kind>));
    return until(() => {
      const found = find();
      if (!found && this.isClosed)
        throw new Error(`The server closed the connection without the expected ${kind}. It sent ${JSON.stringify(this.heard)}`);
      return found;
    });
  }

  /** Sends a request and returns its answer. */
  async asks(id: number, operation: string, data?: unknown): Promise<Of<'response'>> {
    this.say({ kind: 'request', id, operation, ...(data !== undefined && { data }) });
    return this.hears('response', (response) => response.id === id);
  }

  async isClosedByServer(): Promise<void> {
    await until(() => this.isClosed);
  }

  close(): void {
    this.end();
  }

  private static async overWebSocket({ publicUrl }: FleetServer, way: 'binary' | 'json', localAddress: string): Promise<RawPlayer> {
    const socket = new WebSocket(publicUrl, way === 'json' ? 'holdfast.v1.json' : 'holdfast.v1.msgpack', { localAddress });
    const player = new RawPlayer(
      way,
      (frame) => socket.send(frame),
      () => {
        throw new Error('A WebSocket sends messages, not bytes: use `send`.');
      },
      () => socket.terminate(),
      (isListening) => (isListening ? socket.resume() : socket.pause()),
    );
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) =>
      player.heard.push(way === 'json' ? JSON.parse(data.toString()) : decodeServerMessage(new Uint8Array(data))),
    );
    socket.on('close', () => {
      player.isClosed = true;
    });
    await until(() => socket.readyState === WebSocket.OPEN || player.isClosed);
    return player;
  }

  private static async overTcp({ tcpUrl }: FleetServer, localAddress: string): Promise<RawPlayer> {
    const socket: Socket = connect({ host: '127.0.0.1', port: Number(new URL(tcpUrl).port), noDelay: true, localAddress });
    const player = new RawPlayer(
      'tcp',
      (frame) => {
        const bytes = Buffer.from(frame);
        const length = Buffer.alloc(LENGTH_BYTES);
        length.writeUInt32BE(bytes.length);
        socket.write(Buffer.concat([length, bytes]));
      },
      (bytes) => void socket.write(bytes),
      () => socket.destroy(),
      (isListening) => (isListening ? socket.resume() : socket.pause()),
    );
    const splitter = new FrameSplitter(FRAME_BYTES_MAX, (frame) => player.heard.push(decodeServerMessage(frame)));
    socket.on('error', () => {});
    socket.on('data', (chunk) => splitter.push(chunk));
    socket.on('close', () => {
      player.isClosed = true;
    });
    await until(() => !socket.connecting);
    return player;
  }
}
