import { EventEmitter } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { KeyedFlights } from '#libs/async';
import { bounded, errorBody, FrameSplitter, fleetPrefixOf, HoldfastError, LENGTH_BYTES, type ServerId } from '#libs/protocol';
import { Tracer } from '#libs/tracing';
import { channelOf, claimedId, isNonce, newNonce, type PeerIdentity, packProof, readProof } from './handshake.js';
import {
  FRAME_BYTES_MAX_DEFAULT,
  HANDSHAKE_TIMEOUT_MS,
  HANDSHAKES_MAX_DEFAULT,
  type LinkAddress,
  LinkIdentity,
  type LinkOptions,
  PROOF_BYTES_MAX,
} from './link.options.js';
import { LINK_KIND } from './link-frames.js';
import { type LinkInbox, LinkPeer } from './link-peer.js';
import { type ProbeResult, probeLink } from './probe-link.js';
import { readInPlace, readingTo } from './raw-socket.js';

export const LINK_OPTIONS = Symbol('LinkOptions');

type FrameHandler = (peer: LinkPeer, frame: Buffer) => void;
type RequestHandler = (peer: LinkPeer, pattern: string, data: unknown) => Promise<unknown>;
/**
 * `proved`: the servers have a common secret. `refused`: their secrets differ. `unreachable`: the server did not answer, so the result is
 * unknown.
 */
export type Verification = 'proved' | 'refused' | 'unreachable';
type EventHandler = (peer: LinkPeer, pattern: string, data: unknown) => void;

/**
 * All links of this process, dialed and accepted. Each peer has one link, or two when both sides have dialed at the same time. Frames of a
 * link are handled in order, and requests are handled concurrently.
 */
@Injectable()
export class Links implements OnApplicationShutdown {
  private readonly peers = new Map<ServerId, LinkPeer>();
  /** Every link whose socket is open. If two servers have dialed each other at the same time, `peers` contains only one of their links. */
  private readonly connected = new Set<LinkPeer>();
  private readonly dialling = new KeyedFlights<string, LinkPeer>();
  /** The handlers, indexed by the kind of a frame. */
  private readonly frameHandlers: (FrameHandler | undefined)[] = [];
  private requestHandler: RequestHandler = () => Promise.reject(errorBody('unavailable'));
  private eventHandler: EventHandler = () => {};
  private readonly news = new EventEmitter();
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();
  /** The unauthenticated accepted connections by remote address and port (`endsOf`), the oldest first. */
  private readonly unauthenticated = new Map<string, Socket>();

  constructor(
    @Inject(LINK_OPTIONS) private readonly options: LinkOptions,
    private readonly self: LinkIdentity,
    @Optional() @Inject(Tracer) private readonly tracer: Tracer | null = null,
  ) {
    this.news.setMaxListeners(0);
  }

  /** Starts listening and resolves with the port. Rejects with an error that names the setting when the port is in use. */
  listen(): Promise<number> {
    const { certificate, handshakeTimeoutMs: handshakeTimeout = HANDSHAKE_TIMEOUT_MS } = this.options;
    const accept = (socket: Socket): void => this.accept(socket);
    const isMutual = certificate?.isMutual === true;
    const server = certificate
      ? createTlsServer({ ...certificate.options, ...TLS, handshakeTimeout, requestCert: isMutual, rejectUnauthorized: isMutual }, accept)
      : createServer(accept);
    if (certificate) {
      certificate.keepFresh(server as TlsServer);
      server.on('connection', (socket: Socket) => this.addUnauthenticated(socket));
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

  /** Dials an address to find out whether a server answers at this address. Never rejects. */
  probe(address: { readonly host: string; readonly port: number; readonly timeoutMs: number }): Promise<ProbeResult> {
    return probeLink(address, this.options.certificate != null);
  }

  /** Returns the link to a server, dialed or accepted. Undefined: there is no link. */
  get(id: ServerId): LinkPeer | undefined {
    return this.peers.get(id);
  }

  all(): IterableIterator<LinkPeer> {
    return this.peers.values();
  }

  /** Returns the link to a server. Dials the server if there is no link. Rejects with `server-lost` when dialing fails. */
  to(address: LinkAddress): Promise<LinkPeer> {
    const known = this.peers.get(address.id);
    if (known?.isOpen) return Promise.resolve(known);
    const key = `${address.id}@${address.host}:${address.port}`;
    return this.dialling.join(key, () => this.dial(address));
  }

  /**
   * Rejects all unanswered requests to this incarnation of a server, and to earlier incarnations, with `server-lost`. The links stay open.
   */
  failRequests({ id, incarnation }: PeerIdentity, message: string): void {
    for (const peer of this.connected) if (peer.id === id && peer.incarnation <= incarnation) peer.failRequests(message);
  }

  onRequest(handler: RequestHandler): void {
    this.requestHandler = handler;
  }

  onEvent(handler: EventHandler): void {
    this.eventHandler = handler;
  }

  /**
   * Sets the handler for frames of one kind. Each kind has only one handler, because a dispatch to several handlers would be slower. The
   * bytes of the frame are valid only during the call, because the buffer is used again.
   */
  onFrame(kind: number, handler: FrameHandler): void {
    this.frameHandlers[kind] = handler;
  }

  onOpened(listener: (peer: LinkPeer) => void): void {
    this.news.on('opened', listener);
  }

  onClosed(listener: (peer: LinkPeer, reason: string) => void): void {
    this.news.on('closed', listener);
  }

  /**
   * Registers a listener for dialed servers that have none of this server's secrets. Such a server has refused the proof of this server, or
   * has sent a proof that is not valid.
   */
  onRefused(listener: (address: LinkAddress) => void): void {
    this.news.on('refused', listener);
  }

  /**
   * Registers a listener for dialing peers whose proof was made with another secret. `claimed`: the id that the peer sent. The id is not
   * proved, because any peer can send any id.
   */
  onUnproved(listener: (claimed: ServerId) => void): void {
    this.news.on('unproved', listener);
  }

  /** Finds out whether a server has the same secret, without opening a link. Never rejects. */
  async verify(address: LinkAddress): Promise<Verification> {
    const { socket, proved, verdict } = this.prove(address, 'verify');
    await proved.catch(() => {});
    socket.destroy();
    return verdict() ?? 'unreachable';
  }

  /**
   * Registers a listener for the beginning and the end of the silence of a peer. `isSilent` is true after a ping without an answer for 1 to
   * 1.5 s. It is false at the next frame of the peer. The link stays open during the silence.
   */
  onSilence(listener: (peer: LinkPeer, isSilent: boolean) => void): void {
    this.news.on('silence', listener);
  }

  onApplicationShutdown(): void {
    this.server?.close();
    for (const peer of this.peers.values()) peer.close('shutting down');
    for (const socket of this.sockets) socket.destroySoon();
  }

  private readonly inbox: LinkInbox = {
    request: (peer, pattern, data, trace) => {
      const handle = (): Promise<unknown> => this.requestHandler(peer, pattern, data);
      return trace === null || this.tracer === null ? handle() : this.tracer.run(pattern, { 'holdfast.peer': peer.id }, handle, trace);
    },
    event: (peer, pattern, data) => this.eventHandler(peer, pattern, data),
    frame: (peer, kind, frame) => this.frameHandlers[kind]?.(peer, frame),
    silence: (peer, isSilent) => this.news.emit('silence', peer, isSilent),
  };

  /** Registers an unauthenticated socket before any byte is read from it. */
  private addUnauthenticated(socket: Socket): void {
    // Closes the oldest unauthenticated connection. It is probably hostile, because a server sends its proof within milliseconds.
    for (const [ends, eldest] of this.unauthenticated) {
      if (this.unauthenticated.size < (this.options.handshakesMax ?? HANDSHAKES_MAX_DEFAULT)) break;
      this.unauthenticated.delete(ends);
      eldest.destroy();
    }
    const ends = endsOf(socket);
    this.unauthenticated.set(ends, socket);
    socket.once('close', () => this.unauthenticated.delete(ends));
  }

  private accept(accepted: Socket): void {
    const nonce = newNonce();
    const { socket, proved } = this.handshake(
      (receive) => readInPlace(accepted, receive),
      false,
      (kind, body) => {
        const isVerify = kind === LINK_KIND.verify;
        if (!isVerify && kind !== LINK_KIND.proof) return null;
        const channel = channelOf(socket);
        const proof = readProof(this.options.secrets, isVerify ? 'verify' : 'dial', nonce, body, channel);
        if (!proof) {
          const claimed = claimedId(body);
          // A well-formed proof with another secret probably comes from a server. So this server sends a refusal. It does not answer other
          // bytes.
          if (claimed === null || !this.isOfThisFleet(claimed)) return null;
          writeFrame(socket, LINK_KIND.refused, NO_BODY);
          this.news.emit('unproved', claimed);
          return null;
        }
        // A server of another fleet has dialed an outdated address. The secret of that server is possibly valid here, because two fleets
        // can share one Redis and one secret.
        if (!this.isOfThisFleet(proof.identity.id)) return null;
        const side = isVerify ? 'verified' : 'accept';
        writeFrame(socket, LINK_KIND.ready, packProof([proof.secret], side, proof.nonce, nonce, this.self, channel));
        return isVerify ? 'over' : proof.identity;
      },
    );
    // A TLS socket was already added to the unauthenticated connections, before its TLS handshake.
    if (!this.options.certificate) this.addUnauthenticated(socket);
    const ends = endsOf(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    writeFrame(socket, LINK_KIND.challenge, nonce);
    // Calls `destroySoon` instead of `destroy`, so that written bytes are sent first, such as the `refused` frame.
    proved.catch(() => socket.destroySoon()).finally(() => this.unauthenticated.delete(ends));
  }

  private isOfThisFleet(id: ServerId): boolean {
    return fleetPrefixOf(id) === fleetPrefixOf(this.self.id);
  }

  private async dial(address: LinkAddress): Promise<LinkPeer> {
    const { socket, proved, verdict } = this.prove(address, 'dial');
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

  /**
   * Dials a server and proves the secret. `dial` opens a link. `verify` only finds out whether the server has the same secret. `verdict`
   * returns null until the result is known.
   */
  private prove(
    address: LinkAddress,
    side: 'dial' | 'verify',
  ): { readonly socket: Socket; readonly proved: Promise<LinkPeer>; readonly verdict: () => Verification | null } {
    const { secrets } = this.options;
    const isVerify = side === 'verify';
    const nonce = newNonce();
    let answered = false;
    let verdict: Verification | null = null;
    const { socket, proved } = this.handshake(
      (receive) => this.socketTo(address, receive),
      true,
      (kind, body) => {
        if (!answered && kind === LINK_KIND.challenge && isNonce(body)) {
          answered = true;
          const proof = packProof(secrets, side, body, nonce, this.self, channelOf(socket));
          writeFrame(socket, isVerify ? LINK_KIND.verify : LINK_KIND.proof, proof);
          return undefined;
        }
        if (!answered || (kind !== LINK_KIND.ready && kind !== LINK_KIND.refused)) return null;
        const proof =
          kind === LINK_KIND.ready ? readProof(secrets, isVerify ? 'verified' : 'accept', nonce, body, channelOf(socket)) : null;
        if (!proof) verdict = 'refused';
        // The proof is valid, but another server has this address now. The handshake fails, so that no frame reaches the wrong server.
        if (proof?.identity.id !== address.id) return null;
        verdict = 'proved';
        return isVerify ? 'over' : proof.identity;
      },
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    return { socket, proved, verdict: () => verdict };
  }

  private socketTo({ host, port }: LinkAddress, receive: (bytes: Buffer) => void): Socket {
    const { certificate } = this.options;
    if (!certificate) return connect({ host, port, onread: readingTo(receive) });
    // Accepts a certificate that names another address, because the CA and the secret prove the identity of a server.
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

  /**
   * Runs the handshake, registers the peer, and passes every frame to the peer. `step` returns undefined to continue, null to refuse, or
   * `over` when the exchange is complete without a link.
   */
  private handshake(
    open: (receive: (bytes: Buffer) => void) => Socket,
    isDialled: boolean,
    step: (kind: number, body: Buffer) => PeerIdentity | 'over' | null | undefined,
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
      const result = step(bytes[0]!, Buffer.from(bytes.subarray(1)));
      if (result === undefined) return;
      if (result === null) throw new Error(NOT_PROVED);
      if (result === 'over') throw new Error('only the secrets were compared');
      clearTimeout(timer);
      peer = new LinkPeer(socket, result, this.inbox, isDialled, this.tracer);
      splitter.frameBytesMax = this.options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT;
      // Registers the peer before the next frame is read, because the chunk with this last frame of the handshake can also contain frames
      // for the peer.
      this.register(peer);
      resolve(peer);
    };
    const splitter = new FrameSplitter(PROOF_BYTES_MAX, onFrame, Buffer.allocUnsafeSlow);
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
    this.connected.add(peer);
    this.news.emit('opened', peer);
    // Closes the earlier link when the peer dials again or has another incarnation, because the peer has abandoned the earlier link. If two
    // servers dial each other at the same time, both links stay in use.
    if (before && (before.isDialled === peer.isDialled || before.incarnation !== peer.incarnation))
      before.close('replaced by a newer link');
  }

  private lost(peer: LinkPeer, reason: string): void {
    peer.close(reason);
    this.connected.delete(peer);
    if (this.peers.get(peer.id) === peer) this.peers.delete(peer.id);
    this.news.emit('closed', peer, reason);
  }
}

/** Maximum length of the reason of a lost link, in characters. The reason appears in logs and in the error of every open request. */
const REASON_CHARACTERS_MAX = 200;
const NOT_PROVED = 'the two servers did not prove to each other that they have the same LINK_SECRET';
const NO_BODY = new Uint8Array(0);

/** The lowest accepted version of TLS. Both ends are Holdfast servers, so no older version is needed. */
const TLS = { minVersion: 'TLSv1.3' } as const;

/**
 * Returns the key of a connection: its remote address and port. A TLS socket and the TCP socket below it are two objects with the same key.
 */
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
