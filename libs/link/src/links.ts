import { EventEmitter } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { KeyedFlights } from '#libs/async';
import { bounded, errorBody, FrameSplitter, HoldfastError, LENGTH_BYTES, type ServerId } from '#libs/protocol';
import { readInPlace, readingTo } from './bare-socket.js';
import { channelOf, claimedId, type Introduction, isNonce, newNonce, packIntroduction, readIntroduction } from './handshake.js';
import {
  FRAME_BYTES_MAX_DEFAULT,
  HANDSHAKE_TIMEOUT_MS,
  HANDSHAKES_MAX_DEFAULT,
  INTRODUCTION_BYTES_MAX,
  type LinkAddress,
  LinkIdentity,
  type LinkOptions,
} from './link.options.js';
import { LINK_KIND } from './link-frames.js';
import { type LinkInbox, LinkPeer } from './link-peer.js';
import { type ProbeResult, probeLink } from './probe-link.js';

export const LINK_OPTIONS = Symbol('LinkOptions');

type FrameHandler = (peer: LinkPeer, frame: Buffer) => void;
type RequestHandler = (peer: LinkPeer, pattern: string, data: unknown) => Promise<unknown>;
/** `proved`: both hold the same secret. `refused`: they do not. `unreachable`: nothing is known. */
export type Verification = 'proved' | 'refused' | 'unreachable';
type EventHandler = (peer: LinkPeer, pattern: string, data: unknown) => void;

/**
 * All links of this process, dialled and accepted alike: one a peer, whoever dialled. Frames of a link are handled in
 * their order; requests are handled concurrently.
 */
@Injectable()
export class Links implements OnApplicationShutdown {
  private readonly peers = new Map<ServerId, LinkPeer>();
  private readonly dialling = new KeyedFlights<string, LinkPeer>();
  /** By kind. */
  private readonly frameHandlers: (FrameHandler | undefined)[] = [];
  private requestHandler: RequestHandler = () => Promise.reject(errorBody('unavailable'));
  private eventHandler: EventHandler = () => {};
  private readonly news = new EventEmitter();
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();
  /** Accepted, and not proved yet, by their two ends; the eldest first. */
  private readonly strangers = new Map<string, Socket>();

  constructor(
    @Inject(LINK_OPTIONS) private readonly options: LinkOptions,
    private readonly self: LinkIdentity,
  ) {
    this.news.setMaxListeners(0);
  }

  /** The port that was taken. Rejects with one clear sentence when it is in use. */
  listen(): Promise<number> {
    const { certificate, handshakeTimeoutMs: handshakeTimeout = HANDSHAKE_TIMEOUT_MS } = this.options;
    const accept = (socket: Socket): void => this.accept(socket);
    const isMutual = certificate?.isMutual === true;
    const server = certificate
      ? createTlsServer({ ...certificate.options, ...TLS, handshakeTimeout, requestCert: isMutual, rejectUnauthorized: isMutual }, accept)
      : createServer(accept);
    if (certificate) {
      certificate.keepFresh(server as TlsServer);
      server.on('connection', (socket: Socket) => this.meet(socket));
    }
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'EADDRINUSE' ? new Error(`port ${this.options.port} is in use; set LINK_PORT to a free one`) : error);
      });
      server.listen(this.options.port, this.options.host, () => resolve((server.address() as AddressInfo).port));
    });
  }

  get port(): number {
    const address = this.server?.address();
    return address && typeof address === 'object' ? address.port : 0;
  }

  /** Dials just to see who is there. Never rejects. */
  probe(address: { readonly host: string; readonly port: number; readonly timeoutMs: number }): Promise<ProbeResult> {
    return probeLink(address, this.options.certificate != null);
  }

  /** The link to a server if there is one, whoever dialled it. */
  get(id: ServerId): LinkPeer | undefined {
    return this.peers.get(id);
  }

  all(): IterableIterator<LinkPeer> {
    return this.peers.values();
  }

  /** The link to a server, dialled if there is none. Rejects with `server-lost` when it cannot be had. */
  to(address: LinkAddress): Promise<LinkPeer> {
    const known = this.peers.get(address.id);
    if (known?.isOpen) return Promise.resolve(known);
    const key = `${address.id}@${address.host}:${address.port}`;
    return this.dialling.join(key, () => this.dial(address));
  }

  onRequest(handler: RequestHandler): void {
    this.requestHandler = handler;
  }

  onEvent(handler: EventHandler): void {
    this.eventHandler = handler;
  }

  /** One handler a kind: the frame path has no fan-out. The frame is a view valid during the call only. */
  onFrame(kind: number, handler: FrameHandler): void {
    this.frameHandlers[kind] = handler;
  }

  onOpened(listener: (peer: LinkPeer) => void): void {
    this.news.on('opened', listener);
  }

  onClosed(listener: (peer: LinkPeer, reason: string) => void): void {
    this.news.on('closed', listener);
  }

  /** A server that was dialled holds another secret: it refused the proof of this one, or could not give its own. */
  onRefused(listener: (address: LinkAddress) => void): void {
    this.news.on('refused', listener);
  }

  /** Somebody who dialled gave a proof by another secret. `claimed`: who they said they are; anybody can say that. */
  onUnproved(listener: (claimed: ServerId) => void): void {
    this.news.on('unproved', listener);
  }

  /** Compares secrets with a server, and makes no link. Never rejects. */
  async verify(address: LinkAddress): Promise<Verification> {
    const { socket, proved, verdict } = this.introduce(address, 'verify');
    await proved.catch(() => {});
    socket.destroy();
    return verdict() ?? 'unreachable';
  }

  /** A peer says nothing though it was asked, for 1 to 1.5 s; or it does again. The link stands all the while. */
  onSilence(listener: (peer: LinkPeer, isSilent: boolean) => void): void {
    this.news.on('silence', listener);
  }

  onApplicationShutdown(): void {
    this.server?.close();
    for (const peer of this.peers.values()) peer.close('shutting down');
    for (const socket of this.sockets) socket.destroySoon();
  }

  private readonly inbox: LinkInbox = {
    request: (peer, pattern, data) => this.requestHandler(peer, pattern, data),
    event: (peer, pattern, data) => this.eventHandler(peer, pattern, data),
    frame: (peer, kind, frame) => this.frameHandlers[kind]?.(peer, frame),
    silence: (peer, isSilent) => this.news.emit('silence', peer, isSilent),
  };

  /** A socket that nobody has proved anything on, before anything is read of it. */
  private meet(socket: Socket): void {
    // A proof takes milliseconds: whoever has not given it after all these came is the one to go, and not the newest.
    for (const [ends, eldest] of this.strangers) {
      if (this.strangers.size < (this.options.handshakesMax ?? HANDSHAKES_MAX_DEFAULT)) break;
      this.strangers.delete(ends);
      eldest.destroy();
    }
    const ends = endsOf(socket);
    this.strangers.set(ends, socket);
    socket.once('close', () => this.strangers.delete(ends));
  }

  private accept(accepted: Socket): void {
    const nonce = newNonce();
    const { socket, proved } = this.shake(
      (receive) => readInPlace(accepted, receive),
      false,
      (kind, body) => {
        const isVerify = kind === LINK_KIND.verify;
        if (!isVerify && kind !== LINK_KIND.proof) return null;
        const channel = channelOf(socket);
        const proof = readIntroduction(this.options.secret, isVerify ? 'verify' : 'dial', nonce, body, channel);
        if (!proof) {
          const claimed = claimedId(body);
          // Anything else than a proof by another secret is no server's, and gets no answer.
          if (claimed === null) return null;
          writeFrame(socket, LINK_KIND.refused, NO_BODY);
          this.news.emit('unproved', claimed);
          return null;
        }
        const side = isVerify ? 'verified' : 'accept';
        writeFrame(socket, LINK_KIND.ready, packIntroduction(this.options.secret, side, proof.nonce, nonce, this.self, channel));
        return isVerify ? 'over' : proof.who;
      },
    );
    // Over TLS it was met before its handshake.
    if (!this.options.certificate) this.meet(socket);
    const ends = endsOf(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    writeFrame(socket, LINK_KIND.challenge, nonce);
    // What was written to one who is refused still leaves.
    proved.catch(() => socket.destroySoon()).finally(() => this.strangers.delete(ends));
  }

  private async dial(address: LinkAddress): Promise<LinkPeer> {
    const { socket, proved, verdict } = this.introduce(address, 'dial');
    try {
      return await proved;
    } catch (cause) {
      socket.destroy();
      if (verdict() === 'refused') this.news.emit('refused', address);
      throw new HoldfastError(
        'server-lost',
        `${address.id} at ${address.host}:${address.port} cannot be reached: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** Dials, and proves the secret: to have a link, or only to compare. `verdict`: what became known; null before that. */
  private introduce(
    address: LinkAddress,
    side: 'dial' | 'verify',
  ): { readonly socket: Socket; readonly proved: Promise<LinkPeer>; readonly verdict: () => Verification | null } {
    const { secret } = this.options;
    const isVerify = side === 'verify';
    const nonce = newNonce();
    let answered = false;
    let verdict: Verification | null = null;
    const { socket, proved } = this.shake(
      (receive) => this.socketTo(address, receive),
      true,
      (kind, body) => {
        if (!answered && kind === LINK_KIND.challenge && isNonce(body)) {
          answered = true;
          const introduction = packIntroduction(secret, side, body, nonce, this.self, channelOf(socket));
          writeFrame(socket, isVerify ? LINK_KIND.verify : LINK_KIND.proof, introduction);
          return undefined;
        }
        if (!answered || (kind !== LINK_KIND.ready && kind !== LINK_KIND.refused)) return null;
        const proof =
          kind === LINK_KIND.ready ? readIntroduction(secret, isVerify ? 'verified' : 'accept', nonce, body, channelOf(socket)) : null;
        if (!proof) verdict = 'refused';
        // Another server has that address now.
        if (proof?.who.id !== address.id) return null;
        verdict = 'proved';
        return isVerify ? 'over' : proof.who;
      },
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    return { socket, proved, verdict: () => verdict };
  }

  private socketTo({ host, port }: LinkAddress, receive: (bytes: Buffer) => void): Socket {
    const { certificate } = this.options;
    if (!certificate) return connect({ host, port, onread: readingTo(receive) });
    // A server is reached by whatever address it has; that it is one is said by who signed its certificate, and the secret.
    const socket = connectTls({
      ...certificate.options,
      ...TLS,
      host,
      port,
      rejectUnauthorized: certificate.isMutual,
      checkServerIdentity: () => undefined,
    });
    return socket.on('data', receive);
  }

  /** Runs the handshake, then makes the peer known and hands it every frame. `step` answers undefined to go on, null to refuse, `over` when all is said. */
  private shake(
    open: (receive: (bytes: Buffer) => void) => Socket,
    isDialled: boolean,
    step: (kind: number, body: Buffer) => Introduction | 'over' | null | undefined,
  ): { readonly socket: Socket; readonly proved: Promise<LinkPeer> } {
    let peer: LinkPeer | null = null;
    let failed = false;
    let resolve!: (peer: LinkPeer) => void;
    let reject!: (error: Error) => void;
    const proved = new Promise<LinkPeer>((resolve_, reject_) => {
      resolve = resolve_;
      reject = reject_;
    });
    const fail = (error: Error): void => {
      if (failed) return;
      failed = true;
      clearTimeout(timer);
      if (peer) this.lost(peer, bounded(error.message, REASON_CHARACTERS_MAX));
      else reject(error);
      if (isDialled || peer) socket.destroy();
    };
    const timer = setTimeout(() => fail(new Error('no proof in time')), this.options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS);
    const onFrame = (frame: Uint8Array): void => {
      const bytes = frame as Buffer;
      if (peer) {
        peer.receive(bytes);
        return;
      }
      const who = step(bytes[0], Buffer.from(bytes.subarray(1)));
      if (who === undefined) return;
      if (who === null) throw new Error(NOT_PROVED);
      if (who === 'over') throw new Error('only the secrets were compared');
      clearTimeout(timer);
      peer = new LinkPeer(socket, who, this.inbox, isDialled);
      splitter.frameBytesMax = this.options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT;
      // In this very turn: the next frame of this chunk may be the peer's, and so may be its last.
      this.register(peer);
      resolve(peer);
    };
    const splitter = new FrameSplitter(INTRODUCTION_BYTES_MAX, onFrame, Buffer.allocUnsafeSlow);
    const socket = open((bytes) => {
      if (failed) return;
      try {
        splitter.push(bytes);
      } catch (error) {
        fail(error as Error);
      }
    });
    this.sockets.add(socket);
    socket.on('error', (error) => fail(error));
    socket.on('close', () => {
      this.sockets.delete(socket);
      fail(new Error(peer && !peer.isOpen ? peer.whyClosed : 'closed by the other side'));
    });
    return { socket, proved };
  }

  private register(peer: LinkPeer): void {
    const before = this.peers.get(peer.id);
    this.peers.set(peer.id, peer);
    this.news.emit('opened', peer);
    // Who dials anew has given up the link it had, and so has another life of it: that one is half open. Two that dial
    // each other at once have a link each, and use both.
    if (before && (before.isDialled === peer.isDialled || before.incarnation !== peer.incarnation))
      before.close('replaced by a newer link');
  }

  private lost(peer: LinkPeer, reason: string): void {
    peer.close(reason);
    if (this.peers.get(peer.id) === peer) this.peers.delete(peer.id);
    this.news.emit('closed', peer, reason);
  }
}

/** Why a link ended goes into logs and into the error of every request on it. */
const REASON_CHARACTERS_MAX = 200;
const NOT_PROVED = 'the two servers did not prove to each other that they have the same LINK_SECRET';
const NO_BODY = new Uint8Array(0);

/** Both ends are of this house. */
const TLS = { minVersion: 'TLSv1.3' } as const;

/** TLS makes a second object of a socket, with the same two ends. */
function endsOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}|${remotePort}`;
}

function writeFrame(socket: Socket, kind: number, body: Uint8Array): void {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + 1 + body.length);
  frame.writeUInt32BE(1 + body.length, 0);
  frame[LENGTH_BYTES] = kind;
  frame.set(body, LENGTH_BYTES + 1);
  socket.write(frame);
}
