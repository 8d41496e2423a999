import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EventSink, Self, ServerDirectory, StoreLoss } from '#libs/fleet';
import type { ServerId, SessionId } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import type { GatewaySession } from './gateway-session.js';
import { part } from './guest.js';
import { RoomFollower } from './room-follower.js';
import { SessionTable } from './session-table.js';

const TICK_MS = 100;
/** Players sent elsewhere in one tick: they do not all come to another gateway at once. */
const AT_ONCE = 32;
/** A player who came back here has no other way in, and is not sent away again for so long, in ms. */
const AGAIN_MS = 3_000;

type Reason = 'owner-unreachable' | 'store-lost';

/**
 * A gateway that is cut off sends its players to other gateways: all of them when it alone has lost the store, and those whose game is
 * on a server that other gateways reach and this one does not. They resume there within moments; here they would wait for as long as
 * the cut lasts.
 */
@Injectable()
export class PlayerRedirect implements OnModuleDestroy {
  private readonly sent = new Map<SessionId, number>();
  private readonly told = new Map<Reason, number>();
  private readonly timer: NodeJS.Timeout;
  private unreachable: () => ReadonlySet<ServerId> = () => NONE;

  constructor(
    private readonly table: SessionTable,
    private readonly follower: RoomFollower,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly storeLoss: StoreLoss,
    private readonly sink: EventSink,
    private readonly log: Log,
  ) {
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  /** Who knows which game servers this gateway alone does not reach. */
  set unreachableFrom(unreachable: () => ReadonlySet<ServerId>) {
    this.unreachable = unreachable;
  }

  /** Nobody can be welcomed here, and others can do it. */
  get refuses(): boolean {
    return this.storeLoss.isAlone && this.hasOthers();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const unreachable = this.unreachable();
    const { isAlone } = this.storeLoss;
    if (!isAlone && unreachable.size === 0) {
      this.told.clear();
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
      if (!isAlone && !this.isOwnerIn(session, unreachable)) continue;
      this.sent.set(id, now);
      count += 1;
      part(connection, 'unavailable');
    }
    if (count > 0) this.tell(isAlone ? 'store-lost' : 'owner-unreachable', count, now);
  }

  private isOwnerIn({ room }: GatewaySession, servers: ReadonlySet<ServerId>): boolean {
    const record = room ? this.follower.get(room) : null;
    return record?.status === 'playing' && record.owner !== null && servers.has(record.owner.server);
  }

  /** Without the store the directory does not change, so then another gateway must have said itself that it writes. */
  private hasOthers(): boolean {
    const { isAlone, writers } = this.storeLoss;
    return this.directory
      .byType('gateway')
      .some(
        ({ id, state, suspect, unheard }) =>
          id !== this.self.id && state === 'ready' && suspect === 0 && !unheard && (!isAlone || writers.has(id)),
      );
  }

  /** Once for each time of need: a redirect goes on for some ticks. */
  private tell(reason: Reason, players: number, now: number): void {
    if (now - (this.told.get(reason) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    this.told.set(reason, now);
    this.log.warn('players.redirected', { reason, players });
    this.sink.tell({ kind: 'players.redirected', server: this.self.id, incarnation: this.self.incarnation, reason, detail: { players } });
  }

  private forget(): void {
    const now = performance.now();
    for (const [id, at] of this.sent) if (now - at >= AGAIN_MS) this.sent.delete(id);
  }
}

const NONE: ReadonlySet<ServerId> = new Set();
