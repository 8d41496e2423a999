import { Inject, Injectable } from '@nestjs/common';
import { EDGE_OPTIONS, type EdgeOptions } from './edge.options.js';
import { Guest, guestOf, part } from './guest.js';
import type { PlayerConnection } from './player-connection.js';

/**
 * How many may be here at once: in all, from one address, and before they have said who they are. A connection that is
 * let in holds a place until it is closed, and a stranger's place until it is welcomed or its time is over.
 */
@Injectable()
export class ConnectionLimits {
  readonly connections = new Set<PlayerConnection>();
  private readonly perAddress = new Map<string, number>();
  private hellosPending = 0;

  constructor(@Inject(EDGE_OPTIONS) private readonly options: EdgeOptions) {}

  /** It is counted in any case, since it exists until it has closed. False: there are too many; it is on its way out. */
  enter(connection: PlayerConnection): boolean {
    const { connectionsMax, connectionsPerAddress, hellosPendingMax, helloTimeoutMs } = this.options;
    const ofAddress = (this.perAddress.get(connection.address) ?? 0) + 1;
    this.perAddress.set(connection.address, ofAddress);
    this.connections.add(connection);
    this.hellosPending += 1;
    const guest = new Guest(this.options, performance.now());
    guest.helloTimer = setTimeout(() => part(connection, 'hello-timeout'), helloTimeoutMs);
    connection.owner = guest;
    if (ofAddress <= connectionsPerAddress && this.connections.size <= connectionsMax && this.hellosPending <= hellosPendingMax)
      return true;
    part(connection, 'too-many-connections');
    return false;
  }

  /** It said who it is, and is no stranger any more. */
  welcomed(guest: Guest): void {
    if (guest.helloTimer === null) return;
    clearTimeout(guest.helloTimer);
    guest.helloTimer = null;
    this.hellosPending -= 1;
  }

  /** False: it was never here, or has left already. */
  leave(connection: PlayerConnection): boolean {
    if (!this.connections.delete(connection)) return false;
    const ofAddress = (this.perAddress.get(connection.address) ?? 1) - 1;
    if (ofAddress > 0) this.perAddress.set(connection.address, ofAddress);
    else this.perAddress.delete(connection.address);
    this.welcomed(guestOf(connection));
    return true;
  }
}
