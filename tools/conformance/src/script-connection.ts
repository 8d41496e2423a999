import type { Socket } from 'node:net';
import {
  type CompactSync,
  decodePlayerMessage,
  encodeCompactSync,
  encodeServerMessage,
  type PlayerMessage,
  playerMessageFromJson,
  type ServerMessage,
  SUBPROTOCOL_COMPACT,
  SUBPROTOCOL_JSON,
} from '#libs/protocol';
import { FIN, frameHeaderBytes, OPCODE, WebSocketReader, writeFrameHeader } from '#libs/websocket';
import { CaseSkipped } from './case.js';
import { Inbox } from './inbox.js';

const MESSAGE_BYTES_MAX = 65_536;
/** Time limit for a message of the client, in ms. It is longer than the delays between the attempts of a client that reconnects. */
const MESSAGE_MS = 8_000;

type Of<Kind extends PlayerMessage['kind']> = Extract<PlayerMessage, { kind: Kind }>;

/** One connection of the client under test to a scripted gateway. Answers pings by itself, unless `answersPings` is false. */
export class ScriptConnection {
  readonly messages = new Inbox<PlayerMessage>();
  /** The pings of the client. All other messages are in `messages`. */
  readonly pings = new Inbox<Of<'ping'>>();
  readonly pongs = new Inbox<string>();
  answersPings = true;
  isClosed = false;
  /** The reason why the bytes of the client are not messages of the protocol. Null: all of them are. */
  fault: string | null = null;
  /** The time at which the connection was opened, in ms of `performance.now()`. */
  readonly openedAt = performance.now();
  private readonly reader: WebSocketReader;

  constructor(
    private readonly socket: Socket,
    readonly subprotocol: string,
    readonly offered: readonly string[],
    private readonly onFault: (fault: string) => void = () => {},
  ) {
    this.reader = new WebSocketReader(MESSAGE_BYTES_MAX, {
      message: (bytes) => this.heard(bytes),
      ping: (bytes) => this.frame(OPCODE.pong, Buffer.from(bytes)),
      pong: (bytes) => this.pongs.push(bytes.toString()),
      closing: () => socket.end(),
    });
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => {});
    // Also ends the socket, because Node's HTTP server would leave it half open.
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.isClosed = true;
      this.messages.changed();
      this.pings.changed();
    });
  }

  get isCompact(): boolean {
    return this.subprotocol === SUBPROTOCOL_COMPACT;
  }

  /** Skips the case for a client that did not ask for compact syncs. */
  needsCompact(): void {
    if (!this.isCompact) throw new CaseSkipped('the client does not offer holdfast.v1.compact');
  }

  /** Reads bytes of the client. Ends the connection at the first message that the protocol does not have, as a gateway does. */
  receive(chunk: Buffer): void {
    if (this.fault !== null) return;
    try {
      this.reader.push(chunk);
    } catch (error) {
      this.fault = `the client sent a frame or message that is not valid: ${(error as Error).message}`;
      this.socket.destroy();
      this.messages.end(this.fault);
      this.pings.end(this.fault);
      this.onFault(this.fault);
    }
  }

  /** Returns the next message of this kind. Skips the messages before it. */
  async hears<Kind extends PlayerMessage['kind']>(
    kind: Kind,
    isWanted: (message: Of<Kind>) => boolean = () => true,
    waitMs = MESSAGE_MS,
  ): Promise<Of<Kind>> {
    const wanted = (message: PlayerMessage): boolean => message.kind === kind && isWanted(message as Of<Kind>);
    return (await this.messages.take(
      `the message ${kind}`,
      wanted,
      waitMs,
      () => this.fault ?? (this.isClosed ? 'the client closed the connection' : null),
    )) as Of<Kind>;
  }

  hearsNothing(waitMs: number): Promise<void> {
    return this.messages.none('message of the client', () => true, waitMs);
  }

  /** Sends a message in the encoding of this connection. */
  send(message: ServerMessage | CompactSync): void {
    if (this.subprotocol === SUBPROTOCOL_JSON) this.frame(OPCODE.text, Buffer.from(JSON.stringify(message)));
    else this.sendBytes(message.kind === 'compact' ? encodeCompactSync(message) : encodeServerMessage(message));
  }

  /** Sends the bytes of one message. */
  sendBytes(bytes: Uint8Array): void {
    this.frame(OPCODE.binary, Buffer.from(bytes));
  }

  /** Sends a message in several WebSocket frames, with a ping between them. */
  sendInFragments(message: ServerMessage, ping: string): void {
    const isJson = this.subprotocol === SUBPROTOCOL_JSON;
    const bytes = isJson ? Buffer.from(JSON.stringify(message)) : Buffer.from(encodeServerMessage(message));
    this.frame(isJson ? OPCODE.text : OPCODE.binary, bytes.subarray(0, 3), false);
    this.frame(OPCODE.ping, Buffer.from(ping));
    this.frame(OPCODE.continuation, bytes.subarray(3, 4), false);
    this.frame(OPCODE.continuation, bytes.subarray(4));
  }

  /** Ends the connection without a message, as a gateway that dies does. */
  cut(): void {
    this.socket.destroy();
  }

  async isClosedByClient(waitMs = MESSAGE_MS): Promise<boolean> {
    return this.messages.until(() => this.isClosed, waitMs);
  }

  private heard(bytes: Buffer): void {
    const message =
      this.subprotocol === SUBPROTOCOL_JSON ? playerMessageFromJson(bytes.toString()) : decodePlayerMessage(Uint8Array.from(bytes));
    if (message.kind !== 'ping') return this.messages.push(message);
    this.pings.push(message);
    if (this.answersPings) this.send({ kind: 'pong', nonce: message.nonce });
  }

  private frame(opcode: number, payload: Buffer, isLast = true): void {
    if (this.socket.destroyed) return;
    const head = Buffer.alloc(frameHeaderBytes(payload.length));
    writeFrameHeader(head, 0, opcode, payload.length);
    if (!isLast) head[0]! &= ~FIN;
    this.socket.write(Buffer.concat([head, payload]));
  }
}
