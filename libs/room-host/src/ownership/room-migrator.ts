import { Inject, Injectable } from '@nestjs/common';
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
import {
  HANDOFF_RETRY_MS,
  LAME_MS_MAX,
  MOVE_RETRY_MS,
  ROOM_HOST_OPTIONS,
  type RoomHostOptions,
  SETTLE_MS_MAX,
} from '../room-host.options.js';
import { DepartureReconciler } from './departure-reconciler.js';
import { LoadRequests } from './load-requests.js';
import { RoomLoader } from './room-loader.js';

/**
 * Moves rooms by plan. The order is what makes it safe: take no more inputs, let the store acknowledge what was made,
 * hand over in one conditional write, keep the copy in silence until the new owner has the room. A crash anywhere in
 * it is an ordinary loss of the server that the record names.
 */
@Injectable()
export class RoomMigrator {
  constructor(
    private readonly rooms: HostedRooms,
    private readonly loader: RoomLoader,
    private readonly appender: Appender,
    private readonly auditor: Auditor,
    private readonly clock: RoomClock,
    private readonly departures: DepartureReconciler,
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
   * To the server that has it now. Throws `room-unknown`, `no-capacity`, or why it could not be moved; it is then still here,
   * and goes on. Where it is not: `game-ended`, `moved` (another took it), `server-lost` (its target is gone, and it is back
   * here or being recovered), `unavailable` (its target has not said that it has it).
   */
  async migrate(id: RoomId, to?: ServerId): Promise<ServerId> {
    const room = this.rooms.get(id);
    if (room?.status !== 'active') throw new HoldfastError('room-unknown');
    const taker = await this.targetFor(room, to);
    // Before it is frozen, so that its players do not wait for it; an entry too many is found and dropped.
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
      await within(this.appender.whenSettled(room), SETTLE_MS_MAX);
      given = hasStatus(room, 'dropped') ? 'not-ours' : await this.handOver(room, target);
    } catch (error) {
      await this.balancer.cancel(id).catch(() => {});
      if (hasStatus(room, 'freezing')) this.thaw(room);
      throw error;
    }
    if (given !== 'taken') throw await this.whyNotMoved(id, target, given);
    this.metrics.roomsMigrated.inc();
    this.metrics.roomPauseSeconds.observe({ cause: 'migration' }, (performance.now() - startedAt) / 1_000);
    const ms = Math.round(performance.now() - startedAt);
    this.log.info('room.moved', { roomId: id, to: target.server, ms });
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

  /** Moves all rooms away, as long as it takes or `timeoutMs`, or until it is called off. Takes no new ones from now on. */
  async drain(timeoutMs: number, why: 'drained' | 'leaving'): Promise<{ moved: number; left: number }> {
    if (this.loader.admission !== 'leaving') this.loader.admission = why;
    const deadline = performance.now() + timeoutMs;
    let moved = 0;
    let cause: string | undefined;
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
            cause = String(error);
          }
        }
      };
      await Promise.all(Array.from({ length: this.options.migrationsAtOnce }, worker));
      if (this.rooms.size > 0) await new Promise((resolve) => setTimeout(resolve, MOVE_RETRY_MS));
    }
    if (isCalledOff()) cause = 'called off';
    this.log.info('server.drained', { moved, left: this.rooms.size, ...(this.rooms.size > 0 && { why: cause }) });
    return { moved, left: this.rooms.size };
  }

  /** Rooms may come again; a drain under way ends with the rooms that are moving now. False: this server is leaving. */
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

  /** A server with the room's own version of its game; where there is none (a deploy is nearly through), one with a newer. */
  private async placeFor(room: HostedRoom): Promise<ServerId> {
    const { game, gameVersion, seats } = room.value;
    // Its players are near: where they wished to be, or where a loss has brought them.
    const prefer = { region: this.self.region || undefined };
    const request = { room: room.id, game, players: seats.length, prefer };
    const exclude = [this.self.id];
    try {
      return (await this.balancer.place({ ...request, gameVersion, exclude }, { waitMs: 0 })).server;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'no-capacity') throw error;
    }
    for (;;) {
      const server = await this.balancer.place({ ...request, exclude }, { waitMs: 0 }).then(
        (placed) => placed.server,
        // Servers have the game, but none of them can go on with this room.
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

  private canRun(server: ServerId, { value: { game, gameVersion } }: HostedRoom): boolean {
    const games = this.directory.get(server)?.games;
    return games !== undefined && Object.hasOwn(games, game) && takesVersion(games[game], gameVersion);
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
    // Else the record may name this server again, or will, with the target gone: its sweep sees to an entry too many.
    if (isLoaded) await this.records.forgetOwner([id], tenure.server, tenure.incarnation).catch(() => {});
    return isLoaded ? 'taken' : 'untaken';
  }

  private async whyNotMoved(id: RoomId, { server, incarnation }: Tenure, given: 'not-ours' | 'untaken'): Promise<HoldfastError> {
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
   * Until the record names the target, whether this made it so or an earlier one; false: somebody has the room by now.
   * `isRepeat`: the store may have held a handoff of this, and have lost it. Then it gets the room again, and the handoff:
   * who was handed a room may have gone on with it, so that its source must not.
   */
  private async handoff(room: HostedRoom, target: Tenure, state: Uint8Array, isRepeat: boolean): Promise<boolean> {
    room.handingTo = target;
    let mayBeKnown = isRepeat;
    while (!hasStatus(room, 'dropped')) {
      const result = await this.roomLog.handoff(room.id, room.tenure, room.durable.version, state, target, room.time.now());
      if (result === 'ok') return true;
      if (result === 'fenced') return false;
      if (result === 'unknown') mayBeKnown = true;
      else if (!mayBeKnown) throw new HoldfastError('unavailable', `The store is ${result}; the room stays.`);
      else {
        const reasserted = await this.auditor.reassert(room);
        if (reasserted === 'ok') continue;
        // It was played on, to its end, and all have left it.
        if (reasserted === 'fenced') return false;
      }
      // No answer: it may have been done. The same again, until the store says which; the room belongs to nobody else meanwhile.
      await new Promise((resolve) => setTimeout(resolve, HANDOFF_RETRY_MS));
    }
    return false;
  }

  /** Until the target, or whoever came after it, has the room. True: the target has said so. */
  private async untilLoaded(room: HostedRoom, target: Tenure, state: Uint8Array): Promise<boolean> {
    const deadline = performance.now() + LAME_MS_MAX;
    while (!hasStatus(room, 'dropped') && performance.now() < deadline) {
      try {
        if (!this.loads.canAsk(target)) return false;
        const { result } = await this.loads.ask(room.id, target);
        if (result === 'adopted') return true;
        // The record was not as we had made it: somebody has taken the room, or the store has forgotten the handoff.
        if (result === 'elsewhere' && !(await this.handoff(room, target, state, true))) return false;
      } catch (error) {
        this.log.debug('room.not-loaded', { roomId: room.id, to: target.server, error: String(error) });
      }
      await new Promise((resolve) => setTimeout(resolve, HANDOFF_RETRY_MS));
    }
    return false;
  }

  private thaw(room: HostedRoom): void {
    room.handingTo = null;
    room.become('active');
    this.clock.start(room);
    if (room.isDirty) this.appender.markDirty(room);
    // Who left while it was frozen was not heard.
    void this.departures.reconcile(room);
  }
}

const MIGRATE = 'Add migrateState(state, fromVersion) to the game, or start a server with the version of the room.';

/** `not-ours`: it was not ours to give away any more. `untaken`: given, but the target has not said that it has it. */
type HandedOver = 'taken' | 'untaken' | 'not-ours';

/** As it is now: it may have ended, moved or been fenced during any await. */
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
