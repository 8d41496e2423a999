import type { Socket } from 'node:net';
import { type ErrorBody, errorBody, HoldfastError, LENGTH_BYTES, pack, type ServerId, unpack } from '#libs/protocol';
import { CONTEXT_BYTES, readContext, type TraceContext, type Tracer, writeContext } from '#libs/tracing';
import { BatchWriter } from './batch-writer.js';
import type { PeerIdentity } from './handshake.js';
import {
  BACKLOG_BYTES_MAX,
  CLOSE_MS,
  CONGESTED_BYTES,
  PING_MS,
  REQUEST_TIMEOUT_MS_DEFAULT,
  REQUESTS_PENDING_MAX,
  SILENT_PINGS_MAX,
  SILENT_PINGS_REPORTED,
} from './link.options.js';
import { LINK_HEADER, LINK_KIND } from './link-frames.js';

/** Receives the messages of a link. The bytes of a frame are valid only during the call, because the buffer is used again. */
export interface LinkInbox {
  /** `trace`: the span of the peer that sent the request. Null: the request is not traced. */
  request(peer: LinkPeer, pattern: string, data: unknown, trace: TraceContext | null): Promise<unknown>;
  event(peer: LinkPeer, pattern: string, data: unknown): void;
  frame(peer: LinkPeer, kind: number, frame: Buffer): void;
  /** The peer has stopped answering pings (`isSilent` is true), or has sent a frame after such a silence (`isSilent` is false). */
  silence(peer: LinkPeer, isSilent: boolean): void;
}

interface Pending {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: HoldfastError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * One authenticated connection to another server. One system call sends all messages of an event-loop tick, in order. When the link breaks,
 * sent messages can be lost, and unanswered requests fail with `server-lost`.
 */
export class LinkPeer {
  readonly id: ServerId;
  readonly incarnation: number;
  private readonly writer: BatchWriter;
  private readonly pending = new Map<number, Pending>();
  private nextRequest = 1;
  private silentPings = 0;
  private isSilenceReported = false;
  private hasReceived = true;
  private lastTickAt = performance.now();
  private readonly ticking: NodeJS.Timeout;
  private closedBecause: string | null = null;
  /** The trace of the next request from the peer, and the id of that request. */
  private requestTrace: { readonly id: number; readonly context: TraceContext } | null = null;

  constructor(
    private readonly socket: Socket,
    identity: PeerIdentity,
    private readonly inbox: LinkInbox,
    /** True: this server dialed the peer. False: the peer dialed this server. */
    readonly isDialled: boolean,
    private readonly tracer: Tracer | null = null,
  ) {
    this.id = identity.id;
    this.incarnation = identity.incarnation;
    this.writer = new BatchWriter(socket);
    this.ticking = setInterval(() => this.tick(), PING_MS);
    this.ticking.unref();
  }

  get isOpen(): boolean {
    return this.closedBecause === null;
  }

  /** Number of bytes that the kernel has not taken from this process yet. */
  get backlogBytes(): number {
    return this.writer.backlogBytes;
  }

  /**
   * True while the backlog exceeds `CONGESTED_BYTES`, because the peer reads too slowly. Callers must then send less and refuse requests
   * with `busy`.
   */
  get isCongested(): boolean {
    return this.writer.backlogBytes > CONGESTED_BYTES;
  }

  /** True while the peer has not answered a ping for 1 to 1.5 s. */
  get isSilent(): boolean {
    return this.isSilenceReported;
  }

  /**
   * Sends a request and resolves with the answer. Rejects with the error of the peer, or with `unavailable` after `timeoutMs`. Rejects with
   * `busy` when the link has too many unanswered requests or a large backlog, and with `server-lost` when the link breaks or is
   * closed, or when this process learns that the peer was evicted.
   */
  request(pattern: string, data: unknown, { timeoutMs = REQUEST_TIMEOUT_MS_DEFAULT }: { timeoutMs?: number } = {}): Promise<unknown> {
    if (!this.isOpen) return Promise.reject(new HoldfastError('server-lost'));
    if (this.pending.size >= REQUESTS_PENDING_MAX || this.isCongested) return Promise.reject(new HoldfastError('busy'));
    const id = this.nextRequest;
    this.nextRequest = id === 0xffff_ffff ? 1 : id + 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject(new HoldfastError('unavailable', `${this.id} did not answer ${pattern} within ${timeoutMs} ms.`));
      }, timeoutMs);
      this.pending.set(id, { resolve, reject, timer });
      const trace = this.tracer === null ? null : this.tracer.active;
      if (trace !== null) this.sendRequestTrace(id, trace);
      this.sendNamed(LINK_KIND.request, id, pattern, data);
    });
  }

  /** Sends an event at most once. The peer does not confirm the event. */
  emit(pattern: string, data: unknown): void {
    if (this.isOpen) this.sendNamed(LINK_KIND.event, null, pattern, data);
  }

  /** Announces the trace of a command, whose frame follows. */
  sendCommandTrace(handle: number, seq: number, trace: TraceContext): void {
    if (!this.isOpen) return;
    const { tracedCommand } = LINK_HEADER;
    const at = this.begin(LINK_KIND.tracedCommand, tracedCommand.context + CONTEXT_BYTES);
    const { chunk } = this.writer;
    chunk.writeUInt32BE(handle, at + tracedCommand.handle);
    chunk.writeUInt32BE(seq, at + tracedCommand.seq);
    writeContext(trace, chunk, at + tracedCommand.context);
  }

  /** Announces the trace of a change that this server has sent to players. */
  sendSyncTrace(version: number, trace: TraceContext): void {
    if (!this.isOpen) return;
    const { tracedSync } = LINK_HEADER;
    const at = this.begin(LINK_KIND.tracedSync, tracedSync.context + CONTEXT_BYTES);
    this.writer.chunk.writeUInt32BE(version, at + tracedSync.version);
    writeContext(trace, this.writer.chunk, at + tracedSync.context);
  }

  /**
   * Announces the trace of the recovery or move that brought the room of a session to this server. The frame `placed` for the session
   * follows.
   */
  sendPlacedTrace(handle: number, trace: TraceContext): void {
    if (!this.isOpen) return;
    const { tracedPlaced } = LINK_HEADER;
    const at = this.begin(LINK_KIND.tracedPlaced, tracedPlaced.context + CONTEXT_BYTES);
    this.writer.chunk.writeUInt32BE(handle, at + tracedPlaced.handle);
    writeContext(trace, this.writer.chunk, at + tracedPlaced.context);
  }

  private sendRequestTrace(id: number, trace: TraceContext): void {
    const { tracedRequest } = LINK_HEADER;
    const at = this.begin(LINK_KIND.tracedRequest, tracedRequest.context + CONTEXT_BYTES);
    this.writer.chunk.writeUInt32BE(id, at + tracedRequest.id);
    writeContext(trace, this.writer.chunk, at + tracedRequest.context);
  }

  /** Sends a player's frame to a room (`toRoom`), or a frame to a player (`toPlayer`). Copies `frame` before it returns. */
  sendSessionFrame(kind: typeof LINK_KIND.toRoom | typeof LINK_KIND.toPlayer, handle: number, epoch: number, frame: Uint8Array): void {
    if (!this.isOpen) return;
    const length = LINK_HEADER.session.frame + frame.length;
    this.fillSessionFrame(this.writer.reserve(LENGTH_BYTES + length), kind, handle, epoch, frame);
  }

  /**
   * Sends a player input to a room. An input may wait up to 2 ms for other inputs, because each player sends 20 or more inputs per second.
   * One system call for each input would need more CPU time than all other work. Copies `frame` before it returns.
   */
  sendInput(handle: number, epoch: number, frame: Uint8Array): void {
    if (!this.isOpen) return;
    const length = LINK_HEADER.session.frame + frame.length;
    this.fillSessionFrame(this.writer.reserveWaiting(LENGTH_BYTES + length), LINK_KIND.toRoom, handle, epoch, frame);
  }

  private fillSessionFrame(start: number, kind: number, handle: number, epoch: number, frame: Uint8Array): void {
    const at = this.open(start, kind, LINK_HEADER.session.frame + frame.length);
    const { chunk } = this.writer;
    chunk.writeUInt32BE(handle, at + LINK_HEADER.session.handle);
    chunk.writeDoubleBE(epoch, at + LINK_HEADER.session.epoch);
    chunk.set(frame, at + LINK_HEADER.session.frame);
  }

  /** Sends one sync for many sessions of the peer. `entries` contains two numbers for each session: its handle and the acknowledged seq. */
  sendSyncMany(epoch: number, version: number, entries: readonly number[], body: Uint8Array): void {
    this.sendMany(LINK_KIND.syncMany, LINK_HEADER.syncMany, epoch, version, entries, body);
  }

  /**
   * Sends one compact sync for many sessions of the peer. `entries` contains three numbers for each session: its handle, the acknowledged
   * seq, and the number of the last player input.
   */
  sendCompactMany(epoch: number, version: number, entries: readonly number[], body: Uint8Array): void {
    this.sendMany(LINK_KIND.compactMany, LINK_HEADER.compactMany, epoch, version, entries, body);
  }

  /** Closes the link. The peer still gets earlier messages if it reads them within `CLOSE_MS`. */
  close(reason: string): void {
    if (this.closedBecause !== null) return;
    this.closedBecause = reason;
    clearInterval(this.ticking);
    this.writer.flush();
    this.socket.end();
    this.socket.destroySoon();
    setTimeout(() => this.socket.destroy(), CLOSE_MS).unref();
    this.failRequests(`the link to ${this.id} broke: ${reason}`);
  }

  /** Rejects all unanswered requests with `server-lost`. The link stays open, and later answers to these requests have no effect. */
  failRequests(message: string): void {
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(new HoldfastError('server-lost', message));
    }
    this.pending.clear();
  }

  get whyClosed(): string {
    return this.closedBecause ?? 'open';
  }

  receive(frame: Buffer): void {
    this.hasReceived = true;
    if (this.isSilenceReported) this.reportSilence(false);
    const kind = frame[0]!;
    if (kind >= LINK_KIND.toRoom) {
      if (kind === LINK_KIND.tracedRequest) return this.receiveTrace(frame);
      this.inbox.frame(this, kind, frame);
      return;
    }
    switch (kind) {
      case LINK_KIND.request:
        this.receiveRequest(frame);
        return;
      case LINK_KIND.response:
        this.receiveResponse(frame);
        return;
      case LINK_KIND.event: {
        const { pattern, data } = readNamed(frame, 1);
        this.inbox.event(this, pattern, data);
        return;
      }
      case LINK_KIND.ping:
        this.begin(LINK_KIND.pong, 1);
        return;
      case LINK_KIND.pong:
        return;
      default:
        throw new HoldfastError('unknown-kind', `The link frame has the unknown kind ${kind}.`);
    }
  }

  private receiveRequest(frame: Buffer): void {
    const id = frame.readUInt32BE(1);
    const { pattern, data } = readNamed(frame, 5);
    const { requestTrace } = this;
    if (requestTrace !== null) this.requestTrace = null;
    const trace = requestTrace?.id === id ? requestTrace.context : null;
    this.inbox.request(this, pattern, data, trace).then(
      (answer) => this.respond(id, 0, answer ?? null),
      (error: ErrorBody) => this.respond(id, 1, error),
    );
  }

  private receiveTrace(frame: Buffer): void {
    const context = this.tracer === null ? null : readContext(frame, LINK_HEADER.tracedRequest.context);
    this.requestTrace = context && { id: frame.readUInt32BE(LINK_HEADER.tracedRequest.id), context };
  }

  private receiveResponse(frame: Buffer): void {
    const id = frame.readUInt32BE(1);
    const pending = this.pending.get(id);
    if (!pending) return;
    // Decodes the body before it removes the request from `pending`. So if a malformed body closes the link, the link rejects this request,
    // too.
    const body = unpack(frame.subarray(6));
    this.pending.delete(id);
    clearTimeout(pending.timer);
    if (frame[5] === 0) pending.resolve(body);
    else pending.reject(HoldfastError.from(body));
  }

  private respond(id: number, failed: 0 | 1, body: unknown): void {
    if (!this.isOpen) return;
    let bytes: Uint8Array;
    try {
      bytes = pack(body);
    } catch {
      // The answer of the handler cannot be packed, which is a defect of the handler. The other server gets an error instead.
      failed = 1;
      bytes = pack(errorBody('internal'));
    }
    const at = this.begin(LINK_KIND.response, 6 + bytes.length);
    const { chunk } = this.writer;
    chunk.writeUInt32BE(id, at + 1);
    chunk[at + 5] = failed;
    chunk.set(bytes, at + 6);
  }

  private sendMany(
    kind: number,
    header: { readonly [Field in keyof typeof LINK_HEADER.syncMany]: number },
    epoch: number,
    version: number,
    entries: readonly number[],
    body: Uint8Array,
  ): void {
    if (!this.isOpen) return;
    const bodyAt = header.entries + 4 * entries.length;
    const at = this.begin(kind, bodyAt + body.length);
    const { chunk } = this.writer;
    chunk.writeDoubleBE(epoch, at + header.epoch);
    chunk.writeUInt32BE(version, at + header.version);
    chunk.writeUInt16BE((4 * entries.length) / header.entryBytes, at + header.count);
    for (let index = 0; index < entries.length; index++) chunk.writeUInt32BE(entries[index]!, at + header.entries + 4 * index);
    chunk.set(body, at + bodyAt);
  }

  private sendNamed(kind: number, id: number | null, pattern: string, data: unknown): void {
    const name = Buffer.from(pattern);
    const body = pack(data ?? null);
    const nameAt = id === null ? 1 : 5;
    const at = this.begin(kind, nameAt + 1 + name.length + body.length);
    const { chunk } = this.writer;
    if (id !== null) chunk.writeUInt32BE(id, at + 1);
    chunk[at + nameAt] = name.length;
    chunk.set(name, at + nameAt + 1);
    chunk.set(body, at + nameAt + 1 + name.length);
  }

  /** Reserves a frame in the batch and writes its length and kind. Returns the offset of the frame's kind byte in the writer's chunk. */
  private begin(kind: number, length: number): number {
    return this.open(this.writer.reserve(LENGTH_BYTES + length), kind, length);
  }

  /** Writes the length and the kind of a frame into reserved bytes. Returns the offset of the kind. */
  private open(start: number, kind: number, length: number): number {
    const { chunk } = this.writer;
    chunk.writeUInt32BE(length, start);
    chunk[start + LENGTH_BYTES] = kind;
    return start + LENGTH_BYTES;
  }

  private tick(): void {
    const now = performance.now();
    const late = now - this.lastTickAt > 2 * PING_MS;
    this.lastTickAt = now;
    // Ignores the silence after a suspension of this process, because unread messages of the peer possibly wait in the socket.
    if (late || this.hasReceived) this.silentPings = 0;
    else if (++this.silentPings >= SILENT_PINGS_MAX) return this.cut('silent');
    // This side sends a ping at the first tick without a message of the peer. If there is still no message at the next tick, the peer has
    // not answered the ping.
    else if (this.silentPings === SILENT_PINGS_REPORTED + 1) this.reportSilence(true);
    if (this.writer.backlogBytes > BACKLOG_BYTES_MAX) return this.cut('reads nothing');
    if (!this.hasReceived) this.begin(LINK_KIND.ping, 1);
    this.hasReceived = false;
  }

  private reportSilence(isSilent: boolean): void {
    this.isSilenceReported = isSilent;
    this.inbox.silence(this, isSilent);
  }

  /** Closes the link and destroys the socket at once, because a silent or slow peer would not read the backlog. */
  private cut(reason: string): void {
    this.close(reason);
    this.socket.destroy();
  }
}

function readNamed(frame: Buffer, lengthAt: number): { pattern: string; data: unknown } {
  const nameAt = lengthAt + 1;
  const end = nameAt + frame[lengthAt]!;
  // `end` is NaN for a frame without a length. The negated comparison also refuses such a frame.
  if (!(end <= frame.length)) throw new HoldfastError('bad-frame', 'The link frame ends within its operation name.');
  return { pattern: frame.toString('latin1', nameAt, end), data: unpack(frame.subarray(end)) };
}
