import { Injectable } from '@nestjs/common';
import { ExtensionExplorer } from '#libs/extension';
import { ClientTransport } from './client-transport.js';
import { TcpTransport } from './tcp-transport.js';
import { WebSocketTransport } from './web-socket-transport.js';

/** The transports of this gateway: WebSocket, TCP, and the transports of the application (`@Extension(ClientTransport)`). */
@Injectable()
export class ClientTransports {
  constructor(
    private readonly webSocket: WebSocketTransport,
    private readonly tcp: TcpTransport,
    private readonly explorer: ExtensionExplorer,
  ) {}

  /** Returns all transports. Throws when two transports have the same name, because the name identifies the port of a transport. */
  all(): readonly ClientTransport[] {
    const transports = [this.webSocket, this.tcp, ...this.explorer.all(ClientTransport)];
    const names = transports.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) return transports;
    const classes = transports.filter(({ name }) => name === twice).map((transport) => transport.constructor.name);
    throw new Error(`${classes.join(' and ')} are client transports with the name '${twice}': give each its own name.`);
  }
}
