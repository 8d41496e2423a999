import type { Socket } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import {
  EDGE_OPTIONS,
  type EdgeOptions,
  GUESSES_BURST,
  GUESSES_PER_SECOND,
  GUESSES_REFILL_MS,
  OPERATIONS_BURST_MIN,
  OPERATIONS_BURST_PER_CONNECTION,
  OPERATIONS_PER_CONNECTION,
  OPERATIONS_REFILL_MS,
} from '../edge.options.js';
import { addressKey, peerOf } from '../transport/address.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { TrustedProxies } from '../transport/trusted-proxies.js';
import { ConnectionState, disconnect, stateOf } from './connection-state.js';
import { TokenBucket } from './token-bucket.js';

/** The number of open connections of one address, the number of its open sockets, and the budgets of the address. */
interface AddressUse {
  connections: number;
  sockets: number;
  /** Limits the rate of new connections, because each of them may create a session. */
  readonly openings: TokenBucket;
  /** The budget of all players of this address for requests to lobbies and the store, in messages: see `operation-prices.ts`. */
  readonly operations: TokenBucket;
  /** The budget of all players of this address for wrong invite codes and passwords. */
  readonly guesses: TokenBucket;
  /** The last time at which a connection or socket of this address opened or closed, in ms of the monotonic clock. */
  seenAt: number;
}

/**
 * A socket that is not, or not yet, the connection of a player. A browser loads a page over it, or its TLS or WebSocket handshake is in
 * progress.
 */
interface PendingSocket {
  readonly socket: Socket;
  readonly use: AddressUse;
  readonly closed: () => void;
}

/**
 * Limits three numbers of connections: all connections, the connections of one address, and the pending connections. A connection is
 * pending from the accept of its socket until its hello is accepted. Each socket that ends is subtracted from its counters exactly once.
 */
@Injectable()
export class ConnectionLimits {
  readonly connections = new Set<PlayerConnection>();
  /** The pending sockets, by the addresses and ports of both ends (`peerOf`). */
  private readonly sockets = new Map<string, PendingSocket>();
  private readonly perAddress = new Map<string, AddressUse>();
  private hellosPending = 0;

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly proxies: TrustedProxies,
  ) {}

  /**
   * Counts a socket that is not a connection of a player yet. Returns false and does not count the socket when a limit is reached.
   *
   * @param address the address of the client, or of the proxy through which the client connects
   */
  addSocket(socket: Socket, address = socket.remoteAddress): boolean {
    const { connectionsPerAddress, hellosPendingMax } = this.options;
    const use = this.useOf(addressKey(address), performance.now());
    if (this.sockets.size + this.hellosPending >= hellosPendingMax) return false;
    // The sockets of a trusted proxy belong to many clients, so the limit for one address does not apply to the address of the proxy.
    // Without a PROXY header, the gateway learns the address of a client only from the client's request.
    if (use.sockets >= connectionsPerAddress && !this.proxies.has(address)) return false;
    const peer = peerOf(socket);
    use.sockets += 1;
    const closed = (): void => this.removeSocket(peer);
    this.sockets.set(peer, { socket, use, closed });
    socket.on('close', closed);
    return true;
  }

  /** Counts a connection until `removeConnection`. Closes the connection and returns false when a limit is reached. */
  addConnection(connection: PlayerConnection): boolean {
    const { connectionsMax, connectionsPerAddress, hellosPendingMax, helloTimeoutMs } = this.options;
    const now = performance.now();
    this.removeSocket(connection.peer);
    const use = this.useOf(addressKey(connection.address), now);
    use.connections += 1;
    this.connections.add(connection);
    this.hellosPending += 1;
    const state = new ConnectionState(this.options, use, now);
    state.helloTimer = setTimeout(() => {
      // If `isAdmitting` is true, the hello has arrived in time, and the gateway is still handling it. Only a missing hello closes the
      // connection.
      if (!state.isAdmitting) disconnect(connection, 'hello-timeout');
    }, helloTimeoutMs);
    connection.state = state;
    const isWithin =
      use.connections <= connectionsPerAddress && this.connections.size <= connectionsMax && this.hellosPending <= hellosPendingMax;
    if (isWithin && use.openings.take(1, now)) return true;
    disconnect(connection, 'too-many-connections');
    return false;
  }

  /** Ends the hello timeout and stops counting the connection as pending. A second call has no effect. */
  admitted(state: ConnectionState): void {
    if (state.helloTimer === null) return;
    clearTimeout(state.helloTimer);
    state.helloTimer = null;
    this.hellosPending -= 1;
  }

  /** Stops counting a connection. Returns false when it was not counted. */
  removeConnection(connection: PlayerConnection): boolean {
    if (!this.connections.delete(connection)) return false;
    const use = this.perAddress.get(addressKey(connection.address));
    if (use) {
      use.connections -= 1;
      use.seenAt = performance.now();
    }
    this.admitted(stateOf(connection));
    return true;
  }

  /**
   * Forgets the addresses that have no connection or socket and whose budgets have refilled.
   *
   * @param now in ms of the monotonic clock
   */
  sweep(now: number): void {
    const keptMs = Math.max(this.options.connectionsWindowMs, OPERATIONS_REFILL_MS, GUESSES_REFILL_MS);
    for (const [address, { connections, sockets, seenAt }] of this.perAddress)
      if (connections === 0 && sockets === 0 && now - seenAt > keptMs) this.perAddress.delete(address);
  }

  get addressesKnown(): number {
    return this.perAddress.size;
  }

  private removeSocket(peer: string): void {
    const pending = this.sockets.get(peer);
    if (!pending) return;
    this.sockets.delete(peer);
    pending.use.sockets -= 1;
    pending.use.seenAt = performance.now();
    // Removes the listener, because the socket may stay open for hours as the connection of a player.
    pending.socket.off('close', pending.closed);
  }

  private useOf(address: string, now: number): AddressUse {
    let use = this.perAddress.get(address);
    if (!use) {
      const { connectionsPerAddress, connectionsWindowMs } = this.options;
      const openings = new TokenBucket((connectionsPerAddress * 1_000) / connectionsWindowMs, connectionsPerAddress, now);
      const operations = new TokenBucket(
        connectionsPerAddress * OPERATIONS_PER_CONNECTION,
        Math.max(connectionsPerAddress * OPERATIONS_BURST_PER_CONNECTION, OPERATIONS_BURST_MIN),
        now,
      );
      const guesses = new TokenBucket(GUESSES_PER_SECOND, GUESSES_BURST, now);
      use = { connections: 0, sockets: 0, openings, operations, guesses, seenAt: now };
      this.perAddress.set(address, use);
    }
    use.seenAt = now;
    return use;
  }
}
