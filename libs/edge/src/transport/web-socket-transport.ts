import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { readInPlace } from '#libs/link';
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_COMPACT, SUBPROTOCOL_JSON } from '#libs/protocol';
import type { Certificate } from '#libs/tls';
import { answerUpgrade } from '#libs/websocket';
import { EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS } from '../edge.options.js';
import { isAllowedOrigin } from './allowed-origin.js';
import { ClientTransport, listenError, PUBLIC_CERTIFICATE, socketsMax } from './client-transport.js';
import type { ConnectionEvents } from './player-connection.js';
import { ProxiedSockets } from './proxied-sockets.js';
import { TrustedProxies } from './trusted-proxies.js';
import { JsonWebSocketConnection, WebSocketConnection } from './web-socket-connection.js';

/** The handler of plain HTTP requests on the public port. The application provides it. */
export const PUBLIC_PAGES = Symbol('PublicPages');

export const PLAY_PATH = '/play';

/** The subprotocols that the gateway accepts, in order of preference. */
const SUBPROTOCOLS = [SUBPROTOCOL_COMPACT, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON] as const;

/** The HTTP status for a malformed request, by the error code of Node. All other errors get 400. */
const STATUS_OF: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

@Injectable()
export class WebSocketTransport extends ClientTransport {
  override readonly name = 'websocket';
  private server: Server | null = null;

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly proxies: TrustedProxies,
    private readonly proxied: ProxiedSockets,
    @Optional() @Inject(PUBLIC_PAGES) private readonly pages: RequestListener | null,
    @Optional() @Inject(PUBLIC_CERTIFICATE) private readonly certificate: Certificate | null = null,
  ) {
    super();
  }

  override listen(events: ConnectionEvents): Promise<number> {
    const refused = new WeakSet<Duplex>();
    const server = this.newServer(refused);
    server.maxConnections = socketsMax(this.options);
    this.server = server;
    server.on('connection', (socket: Socket) => {
      if (events.accepted(socket, this.proxied.addressOf(socket))) return;
      // Before the TLS handshake, the gateway can send no answer, so it closes the socket without an answer.
      if (this.certificate) socket.destroy();
      else refused.add(socket);
    });
    this.proxied.readHeaders(server, 'websocket');
    server.on('upgrade', (request, socket, head) => {
      if (refused.has(socket)) refuse(socket, 503);
      else this.upgrade(request, socket, head, events);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(socket, STATUS_OF[error.code ?? ''] ?? 400));
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, this.options.port, 'PUBLIC_PORT')));
      server.listen(this.options.port, this.options.host, () => resolve((server.address() as AddressInfo).port));
    });
  }

  private newServer(refused: WeakSet<Duplex>): Server {
    const { httpTimeoutMs, helloTimeoutMs } = this.options;
    const limits = {
      headersTimeout: httpTimeoutMs,
      requestTimeout: httpTimeoutMs,
      connectionsCheckingInterval: Math.min(httpTimeoutMs / 4, 1_000),
    };
    const pages = this.pages ?? notFound;
    const answer: RequestListener = (request, response) => {
      // Closes the socket of a client that does not read the answer to its HTTP request. The timeout is set for this socket alone, because
      // a timeout of the whole server would also create a timer for each player's socket.
      request.socket.setTimeout(2 * httpTimeoutMs);
      if (refused.has(request.socket)) answerBusy(response);
      else pages(request, response);
    };
    if (!this.certificate) return createServer(limits, answer);
    const server = createHttpsServer({ ...limits, ...this.certificate.options, handshakeTimeout: helloTimeoutMs }, answer);
    this.certificate.keepFresh(server);
    return server;
  }

  override close(): void {
    this.server?.close();
    this.server?.closeIdleConnections();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, events: ConnectionEvents): void {
    socket.on('error', destroySocket);
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path !== PLAY_PATH) return refuse(socket, 404);
    const own = this.proxied.addressOf(request.socket);
    if (!isAllowedOrigin(request.headers.origin, this.proxies.hostOf(request, own), this.options.allowedOrigins))
      return refuse(socket, 403);
    const answer = answerUpgrade(request.method, request.headers, SUBPROTOCOLS);
    if ('status' in answer) return refuse(socket, answer.status, answer.reason, 'Sec-WebSocket-Version: 13\r\n');
    const { accept, subprotocol } = answer;
    const Connection = subprotocol === SUBPROTOCOL_JSON ? JsonWebSocketConnection : WebSocketConnection;
    const address = this.proxies.addressOf(request, own);
    const raw = readInPlace(socket as Socket, (bytes) => connection.receive(bytes));
    raw.setNoDelay(true);
    const connection = new Connection(address, raw, this.options.frameBytesMax, events);
    connection.readsCompact = subprotocol === SUBPROTOCOL_COMPACT;
    raw.on('error', destroySocket);
    raw.on('close', () => events.closed(connection));
    raw.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
    );
    events.opened(connection);
    // `head` contains the frames that the client has sent together with the request.
    if (head.length > 0) connection.receive(head);
  }
}

/** One function for all sockets, because one closure for each open socket would need 56 bytes per socket. */
function destroySocket(this: Duplex): void {
  this.destroy();
}

function refuse(socket: Duplex, status: number, message = STATUS_CODES[status] ?? '', headers = ''): void {
  if (!socket.writable) return void socket.destroy();
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n${headers}Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}

function answerBusy(response: ServerResponse): void {
  response.writeHead(503, { 'Retry-After': '1', Connection: 'close', 'Content-Type': 'text/plain' });
  response.end('Too many connections from this address.\n');
}

const notFound: RequestListener = (_, response) => {
  response.writeHead(404).end();
};
