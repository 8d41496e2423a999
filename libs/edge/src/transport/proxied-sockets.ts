import type { Server, Socket } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { EDGE_OPTIONS, type EdgeOptions } from '../edge.options.js';
import { peerOf } from './address.js';
import { parseProxyHeader } from './proxy-header.js';
import { TrustedProxies } from './trusted-proxies.js';

type Listener = (socket: Socket) => void;

/**
 * Reads the PROXY header of each connection from a trusted proxy, and stores the address of the client that the header contains. The
 * setting `PROXY_PROTOCOL` decides whether a port requires the header from all trusted proxies or does not read it, because the protocol
 * forbids a server to guess whether a connection has a header. A connection from any other address comes from the client itself.
 */
@Injectable()
export class ProxiedSockets {
  /** The addresses of clients, by the addresses and ports of both ends of the connection from the proxy (`peerOf`). */
  private readonly clients = new Map<string, string>();

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: Pick<EdgeOptions, 'proxyProtocol' | 'helloTimeoutMs'>,
    private readonly proxies: TrustedProxies,
  ) {}

  /**
   * Returns the address of the client from the socket's PROXY header. For a socket without this header, returns the address of the socket.
   */
  addressOf(socket: Socket): string {
    return (this.clients.size > 0 && this.clients.get(peerOf(socket))) || (socket.remoteAddress ?? 'unknown');
  }

  /**
   * If the settings name the port of the server, lets the server read PROXY headers from trusted proxies. Call it before the server
   * listens. The listeners of the server then get the socket of a trusted proxy only after its PROXY header was read. A socket without a
   * valid header is closed, after at most `HELLO_TIMEOUT_MS`.
   */
  readHeaders(server: Server, port: 'tcp' | 'websocket'): void {
    const { proxyProtocol } = this.options;
    if (proxyProtocol !== port && proxyProtocol !== 'both') return;
    const listeners = server.listeners('connection') as Listener[];
    server.removeAllListeners('connection');
    const pass = (socket: Socket): void => {
      for (const listener of listeners) listener.call(server, socket);
    };
    server.on('connection', (socket: Socket) => {
      if (this.proxies.has(socket.remoteAddress)) this.readHeader(socket, pass);
      else pass(socket);
    });
  }

  private readHeader(socket: Socket, pass: Listener): void {
    let read: Buffer = Buffer.alloc(0);
    const stop = (): void => {
      clearTimeout(timer);
      socket.off('readable', receive).off('end', close).off('error', close);
    };
    const close = (): void => {
      stop();
      socket.destroy();
    };
    const receive = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
      const header = parseProxyHeader(read);
      if (header === 'incomplete') return;
      if (header === 'invalid') return close();
      stop();
      if (read.length > header.bytes) socket.unshift(read.subarray(header.bytes));
      if (header.address !== null) this.note(socket, header.address);
      pass(socket);
    };
    const timer = setTimeout(close, this.options.helloTimeoutMs);
    socket.on('readable', receive).on('end', close).on('error', close);
  }

  private note(socket: Socket, address: string): void {
    const peer = peerOf(socket);
    this.clients.set(peer, address);
    // Identifies the connection by its two ends, because a transport may move the connection to another socket.
    socket.once('close', () => this.forget(peer, address));
  }

  private forget(peer: string, address: string): void {
    if (this.clients.get(peer) === address) this.clients.delete(peer);
  }
}
