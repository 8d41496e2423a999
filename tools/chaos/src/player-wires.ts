import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Chance } from './random.js';

/** The network between players and gateways. It consists of proxies that can break one connection at a time. */
export class PlayerWires {
  private readonly servers: Server[] = [];
  private readonly wires = new Set<Wire>();

  /** Opens a proxy before the gateway at `port`. @returns the port of the proxy */
  async before(port: number, host = '127.0.0.1'): Promise<number> {
    const server = createServer((near) => this.carry(near, connect({ port, host, noDelay: true })));
    this.servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  get count(): number {
    return this.wires.size;
  }

  /** Closes one connection at both ends. */
  cutOne(chance: Chance): void {
    this.take(chance)?.cut();
  }

  /** Makes one connection half open until it closes: it transfers no more data, and neither end is notified. */
  silenceOne(chance: Chance): void {
    this.take(chance)?.silence();
  }

  /** Stops reading the data for one player, so that the gateway gets a backlog for this player. @returns a function that reads again */
  holdOne(chance: Chance): (() => void) | undefined {
    const wire = chance.pick([...this.wires]);
    wire?.hold();
    return wire && (() => wire.release());
  }

  close(): void {
    for (const server of this.servers) server.close();
    for (const wire of this.wires) wire.cut();
  }

  private take(chance: Chance): Wire | undefined {
    return this.wires.size === 0 ? undefined : chance.pick([...this.wires]);
  }

  private carry(near: Socket, far: Socket): void {
    near.setNoDelay(true);
    const wire = new Wire(near, far, () => this.wires.delete(wire));
    this.wires.add(wire);
  }
}

class Wire {
  private isSilent = false;
  private isHeld = false;

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    private readonly gone: () => void,
  ) {
    this.lead(near, far);
    this.lead(far, near);
  }

  cut(): void {
    this.near.destroy();
    this.far.destroy();
    this.gone();
  }

  silence(): void {
    this.isSilent = true;
    this.gone();
  }

  hold(): void {
    this.isHeld = true;
    this.far.pause();
  }

  release(): void {
    this.isHeld = false;
    this.far.resume();
  }

  private lead(from: Socket, to: Socket): void {
    from.on('error', () => {});
    from.on('data', (bytes) => {
      if (!this.isSilent && !to.write(bytes)) from.pause();
    });
    to.on('drain', () => void (from === this.far && this.isHeld ? null : from.resume()));
    // Ends the other socket only after all data has been sent. Otherwise the last message would be lost, because it comes right before the
    // end.
    from.on('end', () => void (!this.isSilent && to.end()));
    from.on('close', () => {
      this.gone();
      if (!this.isSilent) to.destroySoon();
    });
  }
}
