import type { Socket } from 'node:net';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { sleep } from '#libs/async';
import { FleetLinks, Self } from '#libs/fleet';
import { SessionNotices } from '#libs/session';
import { Metrics, Readiness } from '#libs/telemetry';
import { ConnectionLimits } from './connection/connection-limits.js';
import { disconnect, stateOf } from './connection/connection-state.js';
import { drainConnections } from './connection/drain-connections.js';
import { BACKLOGS_MAX, EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS } from './edge.options.js';
import { FrameRouter } from './frame-router.js';
import { SessionLifecycle } from './lifecycle/session-lifecycle.js';
import { LobbyRouter } from './lobby/lobby-router.js';
import { PlayerRedirect } from './player-redirect.js';
import { OwnerAttachments } from './room/owner-attachments.js';
import { SessionRooms } from './room/session-rooms.js';
import { SessionTable } from './session/session-table.js';
import type { ClientTransport } from './transport/client-transport.js';
import { ClientTransports } from './transport/client-transports.js';
import type { ConnectionEvents, PlayerConnection } from './transport/player-connection.js';

/** Interval in ms at which `tick` checks all connections and sessions. */
const TICK_MS = 1_000;

/** Opens and closes the transports, and checks their connections. All state that must outlive this gateway is in the store. */
@Injectable()
export class GatewayService implements ConnectionEvents, OnModuleDestroy {
  private transports: readonly ClientTransport[] = [];
  private isClosing = false;
  private ticking: NodeJS.Timeout | null = null;
  private tickedAt = 0;
  readonly ports: Record<string, number> = {};

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly clientTransports: ClientTransports,
    private readonly limits: ConnectionLimits,
    private readonly router: FrameRouter,
    private readonly sessions: SessionLifecycle,
    private readonly lobbies: LobbyRouter,
    private readonly rooms: SessionRooms,
    private readonly table: SessionTable,
    private readonly attachments: OwnerAttachments,
    private readonly redirect: PlayerRedirect,
    private readonly notices: SessionNotices,
    private readonly fleetLinks: FleetLinks,
    private readonly self: Self,
    private readonly metrics: Metrics,
    private readonly readiness: Readiness,
  ) {}

  /** Starts the transports, so that players can connect. */
  async open(): Promise<void> {
    this.lobbies.gateway = this.self.id;
    this.fleetLinks.keep(['lobby', 'game']);
    await this.notices.onNotice(this.self.id, (notice) => this.sessions.handleNotice(notice));
    this.transports = this.clientTransports.all();
    for (const transport of this.transports) this.ports[transport.name] = await transport.listen(this);
    this.tickedAt = performance.now();
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.readiness.add('players', () => (this.isClosing ? 'closing' : null));
  }

  /** Disconnects all players, who reconnect to other gateways. Then waits until the connections have closed, at most twice `GOODBYE_MS`. */
  async close(): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    for (const transport of this.transports) transport.close();
    await drainConnections(this.limits.connections, (session) => this.table.get(session.id) === session);
    const deadline = performance.now() + 2 * GOODBYE_MS;
    while (this.limits.connections.size > 0 && performance.now() < deadline) await sleep(10);
  }

  onModuleDestroy(): void {
    if (this.ticking) clearInterval(this.ticking);
  }

  accepted(socket: Socket, address?: string): boolean {
    return this.limits.addSocket(socket, address);
  }

  opened(connection: PlayerConnection): void {
    this.metrics.connections.inc({ transport: connection.transport });
    if (!this.limits.addConnection(connection)) return;
    if (this.isClosing) disconnect(connection, 'shutting-down');
    else if (this.redirect.refusesPlayers) disconnect(connection, 'unavailable');
  }

  frame(connection: PlayerConnection, frame: Buffer): void {
    this.router.route(connection, frame);
  }

  pinged(connection: PlayerConnection, bytes: number): boolean {
    return this.router.takeMessage(connection, bytes);
  }

  drained(connection: PlayerConnection): void {
    const { session } = stateOf(connection);
    if (session?.attachment.kind !== 'slow' || session.connection !== connection || !connection.isOpen) return;
    if (connection.backlogBytes < this.options.backlogBytesMax / 2) this.rooms.resumeFrames(session);
  }

  closed(connection: PlayerConnection): void {
    if (!this.limits.removeConnection(connection)) return;
    this.metrics.connections.dec({ transport: connection.transport });
    if (connection.goodbyeCode !== null) this.metrics.goodbyes.inc({ code: connection.goodbyeCode });
    const { session } = stateOf(connection);
    if (session && session.connection === connection) this.sessions.disconnected(session, this.isClosing);
  }

  private tick(): void {
    const now = performance.now();
    const lateMs = Math.max(0, now - this.tickedAt - TICK_MS);
    this.tickedAt = now;
    const { connectionTimeoutMs } = this.options;
    let unreadBytes = 0;
    for (const connection of this.limits.connections) {
      unreadBytes += connection.backlogBytes;
      // If the tick is late by more than its interval, this process was suspended. The suspension does not count as silence of the client,
      // because messages of the client may wait unread in the socket.
      if (lateMs > TICK_MS) connection.lastMessageAt += lateMs;
      if (now - connection.lastMessageAt > connectionTimeoutMs) disconnect(connection, 'timed-out');
      else {
        if (now - connection.lastMessageAt > connectionTimeoutMs / 2 && stateOf(connection).session) connection.probe(now);
        this.checkBacklog(connection, now);
      }
    }
    this.metrics.backlogBytes.set({ where: 'player' }, unreadBytes);
    this.metrics.backlogBytes.set({ where: 'link' }, this.fleetLinks.backlogBytes);
    this.limits.sweep(now);
    this.sessions.maintain(now);
  }

  /**
   * Stops the syncs to a connection with a large backlog. Closes a connection whose backlog stays large for `backlogTimeoutMs`, or exceeds
   * `BACKLOGS_MAX` times the limit.
   */
  private checkBacklog(connection: PlayerConnection, now: number): void {
    const { backlogBytesMax, backlogTimeoutMs } = this.options;
    const { backlogBytes } = connection;
    const state = stateOf(connection);
    if (backlogBytes > backlogBytesMax) {
      state.slowSince ??= now;
      if (state.session) this.attachments.suspendFrames(state.session);
    } else if (backlogBytes < backlogBytesMax / 2) state.slowSince = null;
    const isTooLong = state.slowSince !== null && now - state.slowSince > backlogTimeoutMs;
    if (isTooLong || backlogBytes > BACKLOGS_MAX * backlogBytesMax) disconnect(connection, 'too-slow');
  }
}
