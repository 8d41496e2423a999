import { Inject, Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { describeVersions, EventSink, Self, ServerDirectory, takesVersion } from '#libs/fleet';
import { LoadBalancerService } from '#libs/placement';
import { HoldfastError, type RoomId, type ServerId } from '#libs/protocol';
import { RoomLog, type RoomOwnership, RoomRecords, type Tenure } from '#libs/room-store';
import { Log, Metrics } from '#libs/telemetry';
import { Appender } from '../durability/appender.js';
import { Auditor } from '../durability/auditor.js';
import { RoomClock } from '../engine/room-clock.js';
import type { HostedRoom, HostedStatus } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { usersOf } from '../room/users-of.js';
import {
  HANDOFF_RETRY_MS,
  LAME_MS_MAX,
  MIGRATION_STORE_WAIT_MS_MAX,
  MOVE_RETRY_MS,
  ROOM_HOST_OPTIONS,
  type RoomHostOptions,
} from '../room-host.options.js';
import { LoadRequests } from './load-requests.js';
import { RoomLoader } from './room-loader.js';
import { SeatReconciler } from './seat-reconciler.js';

/**
 * Migrates rooms in four steps. The room stops taking inputs. The store acknowledges its changes. One conditional write names the new
 * owner. This server keeps its copy of the room, without output, until the new owner has loaded the room. A crash at any point is handled
 * as the loss of the owner that the record names.
 */
@Injectable()
export class RoomMigrator {
  constructor(
    private readonly rooms: HostedRooms,
    private readonly loader: RoomLoader,
    private readonly appender: Appender,
    private readonly auditor: Auditor,
    private readonly clock: RoomClock,
    private readonly departures: SeatReconciler,
    private readonly roomLog: RoomLog,
    private readonly records: RoomRecords,
    private readonly balancer: LoadBalancerService,
    private readonly directory: ServerDirectory,
    private readonly loads: LoadRequests,
    private readonly self: Self,
    private readonly sink: EventSink,
    private readonly log: Log,
    private readonly metrics: Metrics,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {}

  /**
   * Migrates a room to the server `to`, or to a server that placement chooses. Returns the new owner.
   *
   * @throws `room-unknown` when the room is not active here; `no-capacity` or `not-found` when no server can take it; `game-ended` when its
   * game is over. Also `moved` when another server took the room; `unavailable` when the store or the target has not answered in time. Also
   * `server-lost` when the target is gone, and the room is back here or is being recovered
   */
  async migrate(id: RoomId, to?: ServerId): Promise<ServerId> {
    const room = this.rooms.get(id);
    if (room?.status !== 'active') throw new HoldfastError('room-unknown');
    const taker = await this.targetFor(room, to);
    // Gets the new epoch and writes the index entry before the freeze, so that players do not wait for this. If the migration fails, a
    // sweep removes the index entry.
    const [epoch] = await Promise.all([
      this.roomLog.nextEpoch(id, room.tenure.epoch),
      this.records.noteOwner([id], taker.server, taker.incarnation),
    ]);
    const target: Tenure = { ...taker, epoch };
    if (!hasStatus(room, 'active')) throw new HoldfastError('room-unknown');
    const startedAt = performance.now();
    room.become('freezing');
    let given: HandedOver;
    try {
      await within(this.appender.whenSettled(room), MIGRATION_STORE_WAIT_MS_MAX);
      given = hasStatus(room, 'dropped') ? 'not-ours' : await this.handOver(room, target);
    } catch (error) {
      await this.balancer.cancel(id).catch(() => {});
      if (hasStatus(room, 'freezing')) this.thaw(room);
      throw error;
    }
    if (given !== 'taken') throw await this.failureReason(id, target, given);
    this.metrics.roomsMigrated.inc();
    this.metrics.roomPauseSeconds.observe({ cause: 'migration' }, (performance.now() - startedAt) / 1_000);
    const ms = Math.round(performance.now() - startedAt);
    this.log.life('room.moved', { roomId: id, to: target.server, ms, users: usersOf(room) });
    const reason = this.loader.admission === 'open' ? 'operator' : 'drain';
    this.sink.publish({
      kind: 'room.moved',
      room: id,
      server: target.server,
      reason,
      detail: { from: this.self.id, epoch: target.epoch, ms },
    });
    return target.server;
  }

  /**
   * Migrates all rooms, until `timeoutMs` is over or `reopen` ends the drain. From now on this server takes no new rooms. Returns the
   * numbers of migrated and of remaining rooms.
   */
  async drain(timeoutMs: number, why: 'drained' | 'leaving'): Promise<{ moved: number; left: number }> {
    if (this.loader.admission !== 'leaving') this.loader.admission = why;
    const deadline = performance.now() + timeoutMs;
    let moved = 0;
    let cause: unknown;
    const waiting = (): HostedRoom[] => [...this.rooms.all()].filter(({ status }) => status === 'active');
    const isCalledOff = (): boolean => this.loader.admission === 'open';
    const goesOn = (): boolean => !isCalledOff() && performance.now() < deadline;
    while (this.rooms.size > 0 && goesOn()) {
      const queue = waiting();
      const worker = async (): Promise<void> => {
        for (let room = queue.pop(); room && goesOn(); room = queue.pop()) {
          try {
            await this.migrate(room.id);
            moved += 1;
          } catch (error) {
            cause = error;
          }
        }
      };
      await Promise.all(Array.from({ length: this.options.migrationsAtOnce }, worker));
      if (this.rooms.size > 0) await sleep(MOVE_RETRY_MS);
    }
    const left = this.rooms.size;
    const obstacle = isCalledOff() ? { isCalledOff: true } : { error: cause };
    this.log.info('server.drained', { moved, left, ...(left > 0 && obstacle) });
    return { moved, left: this.rooms.size };
  }

  /**
   * Lets this server take new rooms again. A drain under way ends after its current migrations. Returns false when this server is shutting
   * down.
   */
  reopen(): boolean {
    if (this.loader.admission === 'leaving') return false;
    this.loader.admission = 'open';
    return true;
  }

  private async targetFor(room: HostedRoom, to: ServerId | undefined): Promise<RoomOwnership> {
    const server = to ?? (await this.placeFor(room));
    const record = this.directory.get(server);
    if (record?.state !== 'ready' || server === this.self.id) throw new HoldfastError('not-found', `${server} cannot take the room.`);
    if (!this.canRun(server, room)) {
      const { game, gameVersion } = room.value;
      throw new HoldfastError(
        'not-found',
        `${server} cannot take the room, which is of version ${gameVersion} of ${game}: ${describeVersions([record], game)}. ${MIGRATE}`,
      );
    }
    return { server, incarnation: record.incarnation };
  }

  /**
   * Returns a server with the same version of the room's game. If there is none, for example at the end of a deployment, returns a server
   * that can upgrade the room.
   */
  private async placeFor(room: HostedRoom): Promise<ServerId> {
    const { game, gameVersion, seats } = room.value;
    // Placement prefers the region of this server, because the players are probably near it.
    const prefer = { region: this.self.region || undefined };
    const request = { room: room.id, game, players: seats.length, prefer };
    const exclude = [this.self.id];
    try {
      const { server } = await this.balancer.place({ ...request, gameVersion, exclude }, { waitMs: 0 });
      if (this.canRun(server, room)) return server;
      await this.balancer.cancel(room.id).catch(() => {});
      exclude.push(server);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'no-capacity') throw error;
    }
    for (;;) {
      const server = await this.balancer.place({ ...request, exclude }, { waitMs: 0 }).then(
        (placed) => placed.server,
        // If `exclude` has more than one entry, other servers have the game but cannot run the version of this room. The error then states
        // this reason.
        (error: unknown) => Promise.reject(exclude.length > 1 ? this.noVersionFor(room, error) : error),
      );
      if (this.canRun(server, room)) return server;
      await this.balancer.cancel(room.id).catch(() => {});
      exclude.push(server);
    }
  }

  private noVersionFor({ value: { game, gameVersion } }: HostedRoom, cause: unknown): unknown {
    if (!(cause instanceof HoldfastError) || cause.code !== 'no-capacity') return cause;
    const others = this.directory.byType('game').filter(({ id, state }) => id !== this.self.id && state === 'ready');
    const there = describeVersions(others, game);
    return new HoldfastError('no-capacity', `No other server takes version ${gameVersion} of ${game}: ${there}. ${MIGRATE}`, { cause });
  }

  private canRun(server: ServerId, { value: { game, gameVersion }, logFormat }: HostedRoom): boolean {
    const games = this.directory.get(server)?.games;
    if (games === undefined || !Object.hasOwn(games, game)) return false;
    // A server must know the format of the room. A server with an earlier version of Holdfast would lose effects whose results the game
    // awaits.
    const canRead = logFormat < 3 || (games[game]?.format ?? 0) >= logFormat;
    return canRead && takesVersion(games[game], gameVersion);
  }

  private async handOver(room: HostedRoom, target: Tenure): Promise<HandedOver> {
    const { tenure, id } = room;
    const state = room.checkpoint();
    const isOurs = await this.handoff(room, target, state, false);
    if (hasStatus(room, 'dropped')) return 'not-ours';
    if (!isOurs) {
      this.rooms.drop(room, 'fenced');
      return 'not-ours';
    }
    room.become('lame');
    const isLoaded = await this.untilLoaded(room, target, state);
    this.rooms.drop(room, 'moved');
    // Keeps the index entry when the target did not load the room, because the record possibly names this server as owner again. A sweep
    // removes the entry if it is not needed.
    if (isLoaded) await this.records.forgetOwner([id], tenure.server, tenure.incarnation).catch(() => {});
    return isLoaded ? 'taken' : 'untaken';
  }

  private async failureReason(id: RoomId, { server, incarnation }: Tenure, given: 'not-ours' | 'untaken'): Promise<HoldfastError> {
    const record = await this.records.read(id).catch(() => undefined);
    if (record === undefined) return new HoldfastError('unavailable');
    if (record?.status !== 'playing') return new HoldfastError('game-ended');
    const { owner } = record;
    if (this.rooms.get(id) || owner?.server === this.self.id)
      return new HoldfastError('server-lost', `${server} is gone; the room is back on ${this.self.id}.`);
    if (owner?.server !== server || owner.incarnation !== incarnation) return new HoldfastError('moved', `${owner?.server} has the room.`);
    if (given === 'untaken' && this.loads.canAsk(owner))
      return new HoldfastError('unavailable', `${server} was given the room and has not said that it has it; it takes it when it can.`);
    return new HoldfastError('server-lost', `${server}, which was given the room, is gone; the room is being recovered.`);
  }

  /**
   * Writes the handoff. Resolves to true when the record names the target, by this write or an earlier one. Resolves to false when another
   * server has the room, when its game is over, or when this server has dropped it. `isRepeat`: the store may have lost an earlier handoff.
   * This server then restores the room before it repeats the handoff. It must not continue the game, because the target may have continued
   * it.
   */
  private async handoff(room: HostedRoom, target: Tenure, state: Uint8Array, isRepeat: boolean): Promise<boolean> {
    room.handingTo = target;
    let mayBeKnown = isRepeat;
    while (!hasStatus(room, 'dropped')) {
      const result = await this.roomLog.handoff(room.id, room.tenure, room.durable.version, state, target, room.time.now(), room.logFormat);
      if (result === 'ok') return true;
      if (result === 'fenced') return false;
      if (result === 'unknown') mayBeKnown = true;
      else if (!mayBeKnown) throw new HoldfastError('unavailable', `The store is ${result}; the room stays.`);
      else {
        const reasserted = await this.auditor.reassert(room);
        if (reasserted === 'ok') continue;
        if (reasserted === 'fenced') return false;
      }
      // Waits and repeats the write until the store answers, because an unanswered write may have succeeded.
      await sleep(HANDOFF_RETRY_MS);
    }
    return false;
  }

  /**
   * Asks the target to load the room, until the target answers. Resolves to true when the target has the room. Resolves to false when the
   * target is gone, another owner has the room, this server has dropped the room, or `LAME_MS_MAX` is over.
   */
  private async untilLoaded(room: HostedRoom, target: Tenure, state: Uint8Array): Promise<boolean> {
    const deadline = performance.now() + LAME_MS_MAX;
    while (!hasStatus(room, 'dropped') && performance.now() < deadline) {
      try {
        if (!this.loads.canAsk(target)) return false;
        const { result } = await this.loads.ask(room.id, target);
        if (result === 'adopted') return true;
        // The record does not name the target: another server owns the room, or the store lost the handoff.
        if (result === 'elsewhere' && !(await this.handoff(room, target, state, true))) return false;
      } catch (error) {
        this.log.debug('room.not-loaded', { roomId: room.id, to: target.server, error });
      }
      await sleep(HANDOFF_RETRY_MS);
    }
    return false;
  }

  private thaw(room: HostedRoom): void {
    room.handingTo = null;
    room.become('active');
    this.clock.start(room);
    if (room.isDirty) this.appender.markDirty(room);
    // Reads the record, because players may have left during the freeze, when the room handled no inputs.
    void this.departures.reconcile(room);
  }
}

const MIGRATE = 'Add migrateState(state, fromVersion) to the game, or start a server with the version of the room.';

/**
 * `taken`: the target has loaded the room. `not-ours`: this server had lost the room before the handoff. `untaken`: the record names the
 * target as owner, but the target has not confirmed that it loaded the room.
 */
type HandedOver = 'taken' | 'untaken' | 'not-ours';

/**
 * Returns whether the room has this status now. Without this function, the compiler assumes that the status does not change during an
 * await.
 */
function hasStatus(room: HostedRoom, status: HostedStatus): boolean {
  return room.status === status;
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HoldfastError('unavailable', 'The store does not answer; the room stays.')), ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
