import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import { type AdoptResult, type Control, HoldfastError, type RoomId, type RoomTenure } from '#libs/protocol';
import { answerTo } from '#libs/redis';
import { UnstorableError } from '#libs/room';
import { type RoomOwnership, RoomRecords } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { Appender } from '../durability/appender.js';
import { Auditor } from '../durability/auditor.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { usersOf } from '../room/users-of.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';
import { DowntimeCompensation, type DowntimeOf } from './downtime-compensation.js';
import { isCurrentIncarnation, ownershipOf } from './own-incarnation.js';
import { RoomAdopter } from './room-adopter.js';
import { RoomOpener } from './room-opener.js';

/**
 * Brings rooms to this server: it opens rooms for lobbies, adopts rooms of lost servers, and loads rooms that migrate here. Loads of one
 * room run one at a time.
 */
@Injectable()
export class RoomLoader implements OnModuleInit {
  private readonly underWay = new Map<RoomId, Promise<HostedRoom | null>>();
  /** The reason why the last attempt to adopt a room failed, by room. */
  private readonly adoptFailures = new Map<RoomId, string>();
  /**
   * The highest epoch in which this process owned each room. A store that fell back can assign the same epoch twice, so each adoption
   * requests an epoch above this one.
   */
  private readonly highestEpochs = new Map<RoomId, number>();
  /** The rooms that this server has opened or adopted since its last report to placement. */
  private taken: RoomId[] = [];
  /**
   * `open`: this server takes new rooms. `drained`: an operator drains this server, so it takes no new rooms. `leaving`: this server shuts
   * down, so it takes no new rooms and cannot be reopened.
   */
  admission: 'open' | 'drained' | 'leaving' = 'open';

  constructor(
    private readonly rooms: HostedRooms,
    private readonly opener: RoomOpener,
    private readonly adopter: RoomAdopter,
    private readonly records: RoomRecords,
    private readonly appender: Appender,
    private readonly auditor: Auditor,
    private readonly downtime: DowntimeCompensation,
    private readonly self: Self,
    private readonly sink: EventSink,
    private readonly log: Log,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {}

  onModuleInit(): void {
    this.rooms.onDropped((room) => room.machine.dispose?.());
  }

  /**
   * Opens a room for a lobby. Repeated requests for the same start open it once.
   *
   * @throws `no-capacity` when this server takes no new rooms or is full; `unavailable` when it was evicted meanwhile; and each error of
   * `RoomOpener.open`
   */
  async open(request: Control['room.open']['data']): Promise<Control['room.open']['answer']> {
    const { room: id, game, start, players } = request;
    let news: string | undefined;
    const room = await this.once(id, async () => {
      const hosted = this.rooms.get(id);
      if (hosted?.start === start) return hosted;
      if (!this.takesNewRooms) throw new HoldfastError('no-capacity');
      const opened = await this.opener.open(request);
      this.host(opened.room);
      news = opened.news;
      const { epoch, server } = opened.room.tenure;
      this.log.life('room.opened', { roomId: id, game, round: opened.room.round, epoch, users: usersOf(opened.room) });
      this.sink.publish({ kind: 'room.started', room: id, server, reason: 'opened', detail: { game, players: players.length, epoch } });
      return opened.room;
    });
    if (!room) throw new HoldfastError('unavailable');
    return { epoch: room.tenure.epoch, ...(news !== undefined && { news }) };
  }

  /**
   * Adopts rooms of a lost owner, if their records still name that owner and epoch. Never rejects, because each room has its own result.
   */
  async adopt(tenures: readonly RoomTenure[]): Promise<AdoptResult[]> {
    if (!this.takesNewRooms) return tenures.map(() => ({ result: 'failed', code: 'no-capacity' }));
    return this.load(tenures);
  }

  /**
   * Loads rooms that migrate to this server. Loads them even when this server is full or shutting down, because their records already name
   * it as the owner. Never rejects.
   */
  async load(tenures: readonly RoomTenure[]): Promise<AdoptResult[]> {
    const owner = ownershipOf(this.self);
    let downtimeOf: DowntimeOf;
    try {
      const ids = tenures.map(({ room }) => room);
      const [isAudited, measured] = await Promise.all([
        this.auditor.isStoreAudited(),
        this.downtime.measure(tenures, owner),
        this.records.noteOwner(ids, owner.server, owner.incarnation),
      ]);
      // A store that lost data can have an old copy of a room. So the living owner of the room gets time to restore the newer state before
      // the adoption.
      if (!isAudited) return tenures.map(() => ({ result: 'failed', code: 'unavailable' }));
      downtimeOf = measured;
    } catch {
      return tenures.map(() => ({ result: 'failed', code: 'unavailable' }));
    }
    return Promise.all(tenures.map((tenure) => this.loadOne(tenure, owner, downtimeOf)));
  }

  isLoading(room: RoomId): boolean {
    return this.underWay.has(room);
  }

  /** Returns a promise that resolves when the current load of the room has succeeded or failed. Null: no load of the room is under way. */
  whenLoaded(room: RoomId): Promise<void> | null {
    const loading = this.underWay.get(room);
    return loading ? loading.then(done, done) : null;
  }

  /** Returns the rooms that this server has opened or adopted since the last call, for placement. */
  takenSinceLast(): RoomId[] {
    const { taken } = this;
    this.taken = [];
    return taken;
  }

  private get takesNewRooms(): boolean {
    return this.admission === 'open' && this.rooms.size < this.options.roomsMax;
  }

  private async loadOne(tenure: RoomTenure, owner: RoomOwnership, downtimeOf: DowntimeOf): Promise<AdoptResult> {
    try {
      const room = await this.once(tenure.room, async () => {
        const hosted = this.rooms.get(tenure.room);
        if (hosted && hosted.status !== 'lame' && hosted.tenure.epoch >= tenure.epoch && isCurrentIncarnation(this.self, hosted.tenure))
          return hosted;
        if (hosted) this.rooms.drop(hosted, 'moved');
        const epochMin = (this.highestEpochs.get(tenure.room) ?? 0) + 1;
        const revived = await this.adopter.adopt(tenure, owner, () => downtimeOf(tenure), epochMin);
        if (!revived) return null;
        const { room: found, adopted, downtimeMs } = revived;
        this.host(found, () => this.downtime.compensate(found, adopted, downtimeMs));
        const { value, round } = found;
        this.log.life('room.adopted', {
          roomId: found.id,
          game: value.game,
          round,
          epoch: found.tenure.epoch,
          from: tenure.server,
          users: usersOf(found),
        });
        return found;
      });
      this.adoptFailures.delete(tenure.room);
      if (!room) return { result: 'elsewhere' };
      return { result: 'adopted', epoch: room.tenure.epoch };
    } catch (error) {
      const code = error instanceof UnstorableError ? 'game-failed' : answerTo(error).code;
      this.adoptFailed(tenure.room, error);
      return { result: 'failed', code };
    }
  }

  /** Logs each cause once, because adoptions that fail are repeated every few seconds, here or elsewhere. */
  private adoptFailed(roomId: RoomId, error: unknown): void {
    const text = String(error);
    if (this.adoptFailures.get(roomId) === text) return;
    this.adoptFailures.set(roomId, text);
    if (this.adoptFailures.size > FAILURES_REMEMBERED_MAX) this.adoptFailures.delete(this.adoptFailures.keys().next().value as RoomId);
    this.log.warn('room.adopt-failed', { roomId, error });
  }

  /**
   * Adds a room to the hosted rooms.
   * @param prepare runs before the room is added
   * @throws `unavailable` when this server was evicted meanwhile
   */
  private host(room: HostedRoom, prepare: () => void = done): void {
    try {
      if (!isCurrentIncarnation(this.self, room.tenure)) throw new HoldfastError('unavailable', 'This server was declared dead meanwhile.');
      prepare();
      this.add(room);
    } catch (error) {
      room.machine.dispose?.();
      throw error;
    }
  }

  private add(room: HostedRoom): void {
    this.highestEpochs.set(room.id, room.tenure.epoch);
    if (this.highestEpochs.size > EPOCHS_REMEMBERED_MAX) this.highestEpochs.delete(this.highestEpochs.keys().next().value as RoomId);
    this.rooms.add(room);
    this.taken.push(room.id);
    // Stores the changes of the room that are not in the store yet. One of them can be the end of the game: the game ended in its setup or
    // by quarantine, or the last owner died before it stored the end.
    if (room.value.ended || room.unflushed.length > 0) this.appender.markDirty(room);
  }

  private once(id: RoomId, load: () => Promise<HostedRoom | null>): Promise<HostedRoom | null> {
    const before = this.underWay.get(id) ?? Promise.resolve(null);
    const now = before.then(load, load).finally(() => {
      if (this.underWay.get(id) === now) this.underWay.delete(id);
    });
    this.underWay.set(id, now);
    return now;
  }
}

function done(): void {}

const FAILURES_REMEMBERED_MAX = 1_000;

/** Maximum number of remembered epochs, so that they do not fill the memory. One epoch takes about 50 bytes. */
const EPOCHS_REMEMBERED_MAX = 20_000;
