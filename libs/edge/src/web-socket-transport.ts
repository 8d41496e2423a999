import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { type WebSocket, WebSocketServer } from 'ws';
import { HoldfastError, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '#libs/protocol';
import type { Certificate } from '#libs/tls';
import { ClientTransport, listenError, PUBLIC_CERTIFICATE, socketsMax } from './client-transport.js';
import { EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS } from './edge.options.js';
import { type ConnectionEvents, JsonWebSocketConnection, WebSocketConnection } from './player-connection.js';

/** What the public port answers to plain HTTP: the player page. The application gives it. */
export const PUBLIC_PAGES = Symbol('PublicPages');

export const PLAY_PATH = '/play';

/** Libraries send whole frames; a browser may cut a long one into a few. */
const FRAGMENTS_MAX = 64;
/** What a request that could not be read is answered, where it is not just wrong (400). */
const STATUS_OF: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

@Injectable()
export class WebSocketTransport extends ClientTransport {
  override readonly name = 'websocket';
  private server: Server | null = null;
  private readonly webSockets: WebSocketServer;

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    @Optional() @Inject(PUBLIC_PAGES) private readonly pages: RequestListener | null,
    @Optional() @Inject(PUBLIC_CERTIFICATE) private readonly certificate: Certificate | null = null,
  ) {
    super();
    this.webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // A compressed frame of a few bytes may unfold to gigabytes, and small frames do not get smaller.
      perMessageDeflate: false,
      // Some more than allowed, so that a frame a little too large gets a goodbye with a code, and not only a closed socket.
      maxPayload: 4 * options.frameBytesMax,
      // A frame in many small pieces costs many times its size.
      maxFragments: FRAGMENTS_MAX,
      // Counted like any other message before they are answered.
      autoPong: false,
      handleProtocols: (offered) => [SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON].find((known) => offered.has(known)) ?? false,
    });
  }

  override listen(events: ConnectionEvents): Promise<number> {
    const turnedAway = new WeakSet<Duplex>();
    const server = this.serverFor(turnedAway);
    server.maxConnections = socketsMax(this.options);
    this.server = server;
    server.on('connection', (socket: Socket) => {
      if (events.arrived(socket)) return;
      // Before a handshake there is no telling why.
      if (this.certificate) socket.destroy();
      else turnedAway.add(socket);
    });
    server.on('upgrade', (request, socket, head) => {
      if (turnedAway.has(socket)) refuse(socket, 503);
      else this.upgrade(request, socket, head, events);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(socket, STATUS_OF[error.code ?? ''] ?? 400));
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, this.options.port, 'PUBLIC_PORT')));
      server.listen(this.options.port, this.options.host, () => resolve((server.address() as AddressInfo).port));
    });
  }

  private serverFor(turnedAway: WeakSet<Duplex>): Server {
    const { httpTimeoutMs, helloTimeoutMs } = this.options;
    const limits = {
      headersTimeout: httpTimeoutMs,
      requestTimeout: httpTimeoutMs,
      connectionsCheckingInterval: Math.min(httpTimeoutMs / 4, 1_000),
    };
    const pages = this.pages ?? notFound;
    const answer: RequestListener = (request, response) => {
      // Who reads nothing of a page does not stay. Not for the whole server: a player's socket would keep a timer it never needs.
      request.socket.setTimeout(2 * httpTimeoutMs);
      if (turnedAway.has(request.socket)) answerBusy(response);
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
    socket.on('error', destroy);
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path !== PLAY_PATH) return refuse(socket, 404);
    if (!this.isAllowedOrigin(request)) return refuse(socket, 403);
    const offered = request.headers['sec-websocket-protocol'] ?? '';
    if (!offered.includes(SUBPROTOCOL_BINARY) && !offered.includes(SUBPROTOCOL_JSON))
      return refuse(socket, 400, `Offer the subprotocol ${SUBPROTOCOL_BINARY} or ${SUBPROTOCOL_JSON}.`);
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => this.accept(webSocket, socket as Socket, events));
  }

  private accept(webSocket: WebSocket, socket: Socket, events: ConnectionEvents): void {
    socket.setNoDelay(true);
    // From here on `ws` sees to it.
    socket.off('error', destroy);
    const isJson = webSocket.protocol === SUBPROTOCOL_JSON;
    const address = socket.remoteAddress ?? 'unknown';
    const connection = isJson
      ? new JsonWebSocketConnection(address, socket, webSocket, events)
      : new WebSocketConnection(address, socket, webSocket, events);
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!connection.isOpen) return;
      if (data.length > this.options.frameBytesMax) {
        return connection.goodbye(
          { code: 'frame-too-large', reason: `A frame has at most ${this.options.frameBytesMax} bytes.` },
          GOODBYE_MS,
        );
      }
      if (data.length === 0 || isBinary === isJson) {
        return connection.goodbye(
          { code: 'bad-frame', reason: isJson ? 'This connection speaks JSON: text frames.' : 'This connection speaks binary frames.' },
          GOODBYE_MS,
        );
      }
      if (!isJson) return events.frame(connection, data);
      let frame: Buffer;
      try {
        frame = JsonWebSocketConnection.frameOf(data.toString('utf8'));
      } catch (error) {
        const { code, message } = error instanceof HoldfastError ? error : new HoldfastError('bad-frame');
        if (code === 'unknown-kind') return connection.send({ kind: 'error', code, message, retry: false });
        return connection.goodbye({ code, reason: message }, GOODBYE_MS);
      }
      events.frame(connection, frame);
    });
    webSocket.on('ping', (data) => {
      if (connection.isOpen && events.pinged(connection, data.length)) webSocket.pong(data, false);
    });
    webSocket.on('error', ignore);
    webSocket.on('close', () => events.closed(connection));
    events.opened(connection);
  }

  /** A browser always says where its page came from; other programs say nothing, and could say anything. */
  private isAllowedOrigin({ headers }: IncomingMessage): boolean {
    const { origin, host } = headers;
    if (origin === undefined || this.options.allowedOrigins.includes('*')) return true;
    return origin === `http://${host}` || origin === `https://${host}` || this.options.allowedOrigins.includes(origin);
  }
}

/** Listeners that are the same for every socket are one function: each of its own would cost it 56 bytes for as long as it lives. */
function destroy(this: Duplex): void {
  this.destroy();
}

function ignore(): void {}

function refuse(socket: Duplex, status: number, message = STATUS_CODES[status] ?? ''): void {
  if (!socket.writable) return void socket.destroy();
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}

function answerBusy(response: ServerResponse): void {
  response.writeHead(503, { 'Retry-After': '1', Connection: 'close', 'Content-Type': 'text/plain' });
  response.end('Too many connections from this address.\n');
}

const notFound: RequestListener = (_, response) => {
  response.writeHead(404).end();
};
