import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EventSink, LocalStoreLossDetector, Self, ServerDirectory } from '#libs/fleet';
import type { ServerId, SessionId } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { disconnect } from './connection/connection-state.js';
import { RoomRecordCache } from './room/room-record-cache.js';
import type { GatewaySession } from './session/gateway-session.js';
import { SessionTable } from './session/session-table.js';

const TICK_MS = 100;
/** Maximum number of players that the gateway redirects in one tick. The limit protects the other gateways from a burst of players. */
const AT_ONCE = 32;
/**
 * Minimum time between two redirects of one player, in ms. A player who returns to this gateway probably cannot reach another gateway. The
 * same value is the minimum time between two log events with the same reason.
 */
const AGAIN_MS = 3_000;

type Reason = 'owner-unreachable' | 'store-lost';

/**
 * Disconnects players when a network fault cuts this gateway off, so that they resume at other gateways. If only this gateway has lost the
 * store, it disconnects all players. If only this gateway cannot reach a game server, it disconnects the players of that server's rooms.
 * Otherwise the players would wait until the network is repaired.
 */
@Injectable()
export class PlayerRedirect {
  private readonly sent = new Map<SessionId, number>();
  private readonly reportedAt = new Map<Reason, number>();
  private unreachable: () => ReadonlySet<ServerId> = () => NONE;

  constructor(
    private readonly table: SessionTable,
    private readonly cache: RoomRecordCache,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly storeLoss: LocalStoreLossDetector,
    private readonly sink: EventSink,
    private readonly log: Log,
  ) {}

  /** Sets the function that returns the game servers that only this gateway cannot reach. */
  set unreachableFrom(unreachable: () => ReadonlySet<ServerId>) {
    this.unreachable = unreachable;
  }

  /** True when this gateway refuses players, because it has lost the store and another gateway can admit them. */
  get refusesPlayers(): boolean {
    return this.storeLoss.isLocal && this.hasOthers();
  }

  @Interval(TICK_MS)
  tick(): void {
    const unreachable = this.unreachable();
    const { isLocal: isStoreLost } = this.storeLoss;
    if (!isStoreLost && unreachable.size === 0) {
      this.reportedAt.clear();
      if (this.sent.size > 0) this.forget();
      return;
    }
    if (!this.hasOthers()) return;
    const now = performance.now();
    let count = 0;
    for (const session of this.table.all()) {
      if (count >= AT_ONCE) break;
      const { connection, id } = session;
      if (!connection?.isOpen || now - (this.sent.get(id) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) continue;
      if (!isStoreLost && !this.isOwnerIn(session, unreachable)) continue;
      this.sent.set(id, now);
      count += 1;
      disconnect(connection, 'unavailable');
    }
    if (count > 0) this.report(isStoreLost ? 'store-lost' : 'owner-unreachable', count, now);
  }

  private isOwnerIn({ room }: GatewaySession, servers: ReadonlySet<ServerId>): boolean {
    const record = room ? this.cache.get(room) : null;
    return record?.status === 'playing' && record.owner !== null && servers.has(record.owner.server);
  }

  /**
   * Returns whether another gateway can admit players. If this gateway has lost the store, its directory is stale. It then counts only
   * gateways that report successful writes to the store.
   */
  private hasOthers(): boolean {
    const { isLocal: isStoreLost, writers } = this.storeLoss;
    return this.directory
      .byType('gateway')
      .some(
        ({ id, state, suspect, unheard }) =>
          id !== this.self.id && state === 'ready' && suspect === 0 && !unheard && (!isStoreLost || writers.has(id)),
      );
  }

  /** Logs and publishes a reason at most once per `AGAIN_MS`, because the redirect of many players takes several ticks. */
  private report(reason: Reason, players: number, now: number): void {
    if (now - (this.reportedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    this.reportedAt.set(reason, now);
    this.log.warn('players.redirected', { reason, players });
    this.sink.publish({
      kind: 'players.redirected',
      server: this.self.id,
      incarnation: this.self.incarnation,
      reason,
      detail: { players },
    });
  }

  private forget(): void {
    const now = performance.now();
    for (const [id, at] of this.sent) if (now - at >= AGAIN_MS) this.sent.delete(id);
  }
}

const NONE: ReadonlySet<ServerId> = new Set();
