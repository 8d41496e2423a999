import { createServer, type Server, type Socket } from 'node:net';
import {
  ClientTransport,
  type ConnectionEvents,
  Extension,
  FrameSplitter,
  GOODBYE_MS,
  HoldfastError,
  TcpConnection,
} from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';

/** Maximum length of a frame, in bytes. A longer one closes the connection before its bytes are read. */
const FRAME_BYTES_MAX = 16_384;

/** Accepts players over a Unix socket, with the frames of TCP: for a proxy on the same machine. */
@Injectable()
@Extension(ClientTransport)
export class UnixTransport extends ClientTransport {
  override readonly name = 'unix';
  private server: Server | null = null;

  override listen(events: ConnectionEvents): Promise<number> {
    const server = createServer((socket) => this.accept(socket, events));
    this.server = server;
    const path = process.env.PLAYERS_SOCKET as string;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => resolve(0));
    });
  }

  override close(): void {
    this.server?.close();
  }

  private accept(socket: Socket, events: ConnectionEvents): void {
    if (!events.accepted(socket)) return void socket.destroy();
    const connection = new TcpConnection('unix', socket, events);
    const splitter = new FrameSplitter(FRAME_BYTES_MAX, (frame) => events.frame(connection, frame as Buffer), Buffer.alloc);
    socket.on('data', (bytes) => {
      try {
        splitter.push(bytes);
      } catch (error) {
        const { code, message } = error as HoldfastError;
        connection.goodbye({ code, reason: message }, GOODBYE_MS);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => events.closed(connection));
    events.opened(connection);
  }
}
