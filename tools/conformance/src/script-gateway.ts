import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_COMPACT, SUBPROTOCOL_JSON } from '#libs/protocol';
import { answerUpgrade } from '#libs/websocket';
import { Inbox } from './inbox.js';
import { ScriptConnection } from './script-connection.js';

const SUBPROTOCOLS = [SUBPROTOCOL_COMPACT, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON];

/** A gateway on loopback that sends only the messages that the case selects. */
export class ScriptGateway {
  readonly connections = new Inbox<ScriptConnection>();
  /** The subprotocols that the gateway accepts, in order of preference. */
  subprotocols: readonly string[] = SUBPROTOCOLS;
  /** Whether the gateway ends each new connection before the handshake. */
  isRefusing = false;
  /** Number of connections that the gateway has ended before the handshake. */
  refusals = 0;
  /** Called with the reason when the client sends something that the protocol does not allow. */
  onFault: (fault: string) => void = () => {};
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('upgrade', (request, socket: Socket, head: Buffer) => {
      if (this.isRefusing) {
        this.refusals += 1;
        socket.destroy();
        return;
      }
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      const answer = answerUpgrade(request.method, request.headers, this.subprotocols);
      if ('status' in answer) {
        // A case may refuse a subprotocol of the client on purpose. Only a handshake that every gateway refuses is a fault.
        if ('status' in answerUpgrade(request.method, request.headers, SUBPROTOCOLS))
          this.onFault(`the gateway refused the WebSocket handshake of the client with ${answer.status}: ${answer.reason}`);
        socket.end(`HTTP/1.1 ${answer.status} Refused\r\nContent-Length: ${answer.reason.length}\r\n\r\n${answer.reason}`);
        return;
      }
      const { accept, subprotocol } = answer;
      socket.setNoDelay(true);
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
      );
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
      const connection = new ScriptConnection(socket, subprotocol, offered, (fault) => this.onFault(fault));
      this.connections.push(connection);
      if (head.length > 0) connection.receive(head);
    });
  }

  static async open(): Promise<ScriptGateway> {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return new ScriptGateway(server, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/play`);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
