import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { readInPlace } from '#libs/link';
import { FrameSplitter, HoldfastError } from '#libs/protocol';
import type { Certificate } from '#libs/tls';
import { EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS } from '../edge.options.js';
import { ClientTransport, listenError, PUBLIC_CERTIFICATE, socketsMax } from './client-transport.js';
import { type ConnectionEvents, TcpConnection } from './player-connection.js';
import { ProxiedSockets } from './proxied-sockets.js';

@Injectable()
export class TcpTransport extends ClientTransport {
  override readonly name = 'tcp';
  private server: Server | null = null;

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly proxied: ProxiedSockets,
    @Optional() @Inject(PUBLIC_CERTIFICATE) private readonly certificate: Certificate | null = null,
  ) {
    super();
  }

  override listen(events: ConnectionEvents): Promise<number> {
    const server = this.certificate ? this.tlsServer(this.certificate, events) : createServer((socket) => this.accept(socket, events));
    this.proxied.readHeaders(server, 'tcp');
    server.maxConnections = socketsMax(this.options);
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, this.options.tcpPort, 'TCP_PORT')));
      server.listen(this.options.tcpPort, this.options.host, () => resolve((server.address() as AddressInfo).port));
    });
  }

  override close(): void {
    this.server?.close();
  }

  /**
   * A socket is pending until the end of its TLS handshake. The server cannot send a message before the end of the handshake, so it closes
   * a refused socket without a message.
   */
  private tlsServer(certificate: Certificate, events: ConnectionEvents): TlsServer {
    const handshakeTimeout = this.options.helloTimeoutMs;
    const server = createTlsServer({ ...certificate.options, handshakeTimeout }, (socket) => this.accept(socket, events));
    server.on('connection', (socket: Socket) => {
      if (!events.accepted(socket, this.proxied.addressOf(socket))) socket.destroy();
    });
    certificate.keepFresh(server);
    return server;
  }

  private accept(accepted: Socket, events: ConnectionEvents): void {
    const address = this.proxied.addressOf(accepted);
    const socket = readInPlace(accepted, (bytes) => {
      if (!connection.isOpen) return;
      try {
        splitter.push(bytes);
      } catch (error) {
        const { code, message } = error instanceof HoldfastError ? error : new HoldfastError('internal');
        connection.goodbye({ code, reason: message }, GOODBYE_MS);
      }
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    const connection = new TcpConnection(address, socket, events);
    const splitter = new FrameSplitter(
      this.options.frameBytesMax,
      (frame) => events.frame(connection, frame as Buffer),
      Buffer.allocUnsafeSlow,
    );
    socket.on('error', () => socket.destroy());
    socket.on('close', () => events.closed(connection));
    // Calls `opened` only after the listeners are registered, because the gateway can close the connection during this call.
    events.opened(connection);
  }
}
