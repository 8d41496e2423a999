import { Inject, Injectable } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { type AdoptResult, type Control, type GameResult, HoldfastError, pack, type RoomId, type RoomTenure } from '#libs/protocol';
import { answerTo, StoreClock } from '#libs/redis';
import { applyChanges, listed, NotPlainError, plainCopy, quoted, RoomMachine, type RoomRules, type RoomValue } from '#libs/room';
import { type AdoptedRoom, LOSSES_MAX, RoomLog, type RoomOwnership, RoomRecords, type Tenure, type ToldTail } from '#libs/room-store';
import { SETTLE_WAIT_MS, StoreSettlement } from '#libs/settlement';
import { describeThrown, Log } from '#libs/telemetry';
import { HandlerGuard, OverrunError } from '#libs/watchdog';
import { Appender } from './appender.js';
import { Auditor } from './auditor.js';
import { DowntimeCompensation, type DowntimeOf } from './downtime-compensation.js';
import { EffectRunner } from './effect-runner.js';
import { EndedGames } from './ended-games.js';
import { GameError, GuardedMachine, HANDLER, HandlerLabels } from './guarded-machine.js';
import { HostedRoom } from './hosted-room.js';
import { HostedRooms } from './hosted-rooms.js';
import { RecentChanges } from './recent-changes.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from './room-host.options.js';
import { RoomTime } from './room-time.js';

/** How rooms come to this server: opened by a lobby, adopted after a loss, handed over by plan. One at a time each. */
@Injectable()
export class RoomLoader {
  private readonly underWay = new Map<RoomId, Promise<HostedRoom | null>>();
  private readonly labels: HandlerLabels;
  /** This server's incarnations whose index of rooms is not empty for certain; the newest is last. */
  private sweptAs: RoomOwnership[] = [];
  /** Entries of those that named no room of theirs when they were looked at last. */
  private strangers = new Set<string>();
  /** Why rooms could not be taken when they were tried last. */
  private readonly adoptFailures = new Map<RoomId, string>();
  /** Rooms taken since placement was last told. */
  private taken: RoomId[] = [];
  /** No new rooms while an operator empties this server (`drained`), nor ever again when it is on its way out (`leaving`). */
  admission: 'open' | 'drained' | 'leaving' = 'open';

  constructor(
    private readonly rooms: HostedRooms,
    private readonly registry: GameRegistry,
    private readonly roomLog: RoomLog,
    private readonly records: RoomRecords,
    private readonly appender: Appender,
    private readonly effects: EffectRunner,
    private readonly barrier: Auditor,
    private readonly downtime: DowntimeCompensation,
    private readonly self: Self,
    private readonly sink: EventSink,
    private readonly log: Log,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
    private readonly guard: HandlerGuard,
    private readonly clock: StoreClock,
    private readonly ended: EndedGames,
    private readonly settlement: StoreSettlement,
  ) {
    this.labels = new HandlerLabels(guard);
    rooms.onDropped((room, reason) => {
      room.machine.dispose?.();
      if (reason === 'ended') void this.forget(room);
    });
  }

  /** Asking twice for one start is asking once. Throws `no-capacity`, `unknown-game`, or `room-unknown` when the start is over. */
  async open({ room: id, game, start, round, players }: Control['room.open']['data']): Promise<Control['room.open']['answer']> {
    let news: string | undefined;
    const room = await this.once(id, async () => {
      const hosted = this.rooms.get(id);
      if (hosted?.start === start) return hosted;
      this.refuseWhenFull();
      // In a store that fell back this may be the start of a game that has long begun, or ended.
      await this.settlement.whenSettled(SETTLE_WAIT_MS);
      const time = new RoomTime(this.clock);
      const machine = new RoomMachine(this.rulesOf(game), time);
      const guarded = new GuardedMachine(machine, this.labels, this.guard, id, { start });
      try {
        const { value, events } = this.setUp(guarded, id, players, round, start);
        const owner = this.owner();
        await this.records.noteOwner([id], owner.server, owner.incarnation);
        const { durability } = machine.rules.definition;
        const tail: ToldTail = { since: -1, changes: events.length > 0 ? [{ version: 0, events }] : [], shown: [], at: time.now() };
        const place = await this.roomLog.open(id, start, owner, durability === 'none' ? null : value, durability, tail);
        if (!place) throw new HoldfastError('room-unknown', 'This start of the room is over.');
        if (!this.isStill(owner)) throw new HoldfastError('unavailable', 'This server was declared dead meanwhile.');
        const { epoch, doc, rev } = place;
        news = place.news;
        guarded.opened(epoch);
        const opened = new HostedRoom(
          guarded,
          { ...owner, epoch },
          value,
          { batch: '', doc, rev, start, round: place.round, stateBytesMax: this.options.stateBytesMax },
          time,
          new RecentChanges(tail, 0),
        );
        this.take(opened);
        this.log.debug('room.opened', { roomId: id, game, epoch });
        const detail = { game, players: players.length, epoch };
        this.sink.publish({ kind: 'room.started', room: id, server: owner.server, reason: 'opened', detail });
        return opened;
      } catch (error) {
        guarded.dispose();
        throw error;
      }
    });
    if (!room) throw new HoldfastError('unavailable');
    return { epoch: room.tenure.epoch, ...(news !== undefined && { news }) };
  }

  /** Takes rooms whose records are as expected: from a dead owner, or handed to this one. Never rejects. */
  async adopt(tenures: readonly RoomTenure[]): Promise<AdoptResult[]> {
    if (this.admission !== 'open' || this.rooms.size >= this.options.roomsMax)
      return tenures.map(() => ({ result: 'failed', code: 'no-capacity' }));
    return this.takeOver(tenures);
  }

  /** Rooms that were handed to this server by plan: the record names it already, so it takes them even when it is full or leaves. */
  async load(tenures: readonly RoomTenure[]): Promise<AdoptResult[]> {
    return this.takeOver(tenures);
  }

  private async takeOver(tenures: readonly RoomTenure[]): Promise<AdoptResult[]> {
    const owner = this.owner();
    let downtimeOf: DowntimeOf;
    try {
      const ids = tenures.map(({ room }) => room);
      const [isAudited, measured] = await Promise.all([
        this.barrier.isStoreAudited(),
        this.downtime.measure(tenures, owner),
        this.records.noteOwner(ids, owner.server, owner.incarnation),
      ]);
      // A copy from before a loss of the store must not beat an owner that lives and has not said so yet.
      if (!isAudited) return tenures.map(() => ({ result: 'failed', code: 'unavailable' }));
      downtimeOf = measured;
    } catch {
      return tenures.map(() => ({ result: 'failed', code: 'unavailable' }));
    }
    return Promise.all(tenures.map((tenure) => this.adoptOne(tenure, owner, downtimeOf)));
  }

  /** Settles, and never rejects, when the room that is on its way here has come, or will not. Null: none is. */
  whenLoaded(room: RoomId): Promise<void> | null {
    const loading = this.underWay.get(room);
    return loading ? loading.then(done, done) : null;
  }

  /** For the balancer: which rooms are new since it was last asked. */
  takenSinceLast(): RoomId[] {
    const { taken } = this;
    this.taken = [];
    return taken;
  }

  /**
   * Finds rooms whose record says they are this server's, but which it does not hold: a reply was lost on the way in.
   * And what games left behind that ended here. In the index of a former incarnation it only tidies up: its rooms are
   * for others to take.
   */
  async sweep(): Promise<void> {
    const owner = this.owner();
    if (!this.sweptAs.some(({ incarnation }) => incarnation === owner.incarnation)) this.sweptAs.push(owner);
    const strangersBefore = this.strangers;
    this.strangers = new Set();
    for (const swept of [...this.sweptAs]) {
      const isCurrent = swept.incarnation === owner.incarnation;
      let isEmpty = true;
      for await (const noted of this.records.someRoomsOf(swept.server, swept.incarnation)) {
        isEmpty = false;
        await this.sweepSome(noted, swept, isCurrent, strangersBefore);
      }
      if (isEmpty && !isCurrent) this.sweptAs = this.sweptAs.filter((other) => other !== swept);
    }
  }

  private async sweepSome(
    noted: readonly RoomId[],
    swept: RoomOwnership,
    isCurrent: boolean,
    strangersBefore: ReadonlySet<string>,
  ): Promise<void> {
    const ids = noted.filter((id) => !this.underWay.has(id) && this.rooms.get(id)?.tenure.incarnation !== swept.incarnation);
    const records = await this.records.readMany(ids);
    for (const [index, record] of records.entries()) {
      const isOurs =
        record?.status === 'playing' && record.owner?.server === swept.server && record.owner.incarnation === swept.incarnation;
      if (isOurs && isCurrent) await this.takeOver([{ room: record.id, epoch: record.epoch, ...swept }]);
      if (!isOurs) await this.tidyUp(ids[index], swept, strangersBefore);
    }
  }

  /** True: the game of the room ended here, in this epoch or a later one, and the store has it in play again. */
  private async endAgain({ room, ...tenure }: RoomTenure): Promise<boolean> {
    const result = this.ended.resultOf(room, tenure.epoch);
    if (result === null) return false;
    if (await this.roomLog.abandon(room, tenure, result)) this.log.warn('game.ended-again', { roomId: room, epoch: tenure.epoch });
    return true;
  }

  /** An entry without its room, seen twice: the first time, the room may have been about to come. */
  private async tidyUp(room: RoomId, owner: RoomOwnership, strangersBefore: ReadonlySet<string>): Promise<void> {
    const entry = `${owner.incarnation}:${room}`;
    if (!strangersBefore.has(entry)) {
      this.strangers.add(entry);
      return;
    }
    await this.runWhatIsLeft(room, owner);
  }

  private async adoptOne(tenure: RoomTenure, owner: RoomOwnership, downtimeOf: DowntimeOf): Promise<AdoptResult> {
    try {
      const room = await this.once(tenure.room, async () => {
        const hosted = this.rooms.get(tenure.room);
        if (hosted && hosted.status !== 'lame' && hosted.tenure.epoch >= tenure.epoch && this.isStill(hosted.tenure)) return hosted;
        if (hosted) this.rooms.drop(hosted, 'moved');
        // What ended stays ended: this is a copy from before the end, which a store that fell back has.
        if (await this.endAgain(tenure)) return null;
        const adopted = await this.roomLog.adopt(tenure.room, tenure, owner, this.epochSeen(tenure.room), downtimeOf(tenure).downtimeMs);
        if ('unreadable' in adopted) {
          await this.giveUp(tenure.room, { ...owner, epoch: adopted.epoch }, 'unreadable', adopted.unreadable);
          return null;
        }
        if (!('checkpoint' in adopted)) {
          if (adopted.status !== 'playing') void this.runWhatIsLeft(tenure.room, owner);
          return null;
        }
        const replayed = replay(tenure.room, adopted);
        if (typeof replayed === 'string') {
          await this.giveUp(tenure.room, { ...owner, epoch: adopted.epoch }, 'unreadable', replayed);
          return null;
        }
        const { time, downtimeMs } = this.downtime.timeOf(adopted, downtimeOf(tenure));
        const revived = await this.revivedOrGivenUp(adopted, replayed, owner, time);
        if (!revived) return null;
        try {
          this.quarantine(revived, adopted);
          await this.storeUpgraded(revived, adopted);
          if (!this.isStill(owner)) throw new HoldfastError('unavailable', 'This server was declared dead meanwhile.');
          this.downtime.compensate(revived, adopted, downtimeMs);
          this.take(revived);
          return revived;
        } catch (error) {
          revived.machine.dispose?.();
          throw error;
        }
      });
      this.adoptFailures.delete(tenure.room);
      if (!room) return { result: 'elsewhere' };
      return { result: 'adopted', epoch: room.tenure.epoch };
    } catch (error) {
      const code = error instanceof NotPlainError ? 'game-failed' : answerTo(error).code;
      this.adoptFailed(tenure.room, error);
      return { result: 'failed', code };
    }
  }

  /** Such a room is tried again every few seconds, until this server or another can take it: logged once for each cause. */
  private adoptFailed(roomId: RoomId, error: unknown): void {
    const text = describeThrown(error);
    if (this.adoptFailures.get(roomId) === text) return;
    this.adoptFailures.set(roomId, text);
    if (this.adoptFailures.size > FAILURES_REMEMBERED_MAX) this.adoptFailures.delete(this.adoptFailures.keys().next().value as RoomId);
    const { cause } = (error ?? {}) as { cause?: unknown };
    this.log.warn('room.adopt-failed', { roomId, error: text, ...(cause !== undefined && { cause: describeThrown(cause) }) });
  }

  /** A game that ended with its owner may have left effects; who was asked to take the room sees to them. */
  private async runWhatIsLeft(room: RoomId, { server, incarnation }: RoomOwnership): Promise<void> {
    try {
      const last = await this.roomLog.lastEffects(room);
      if (last.unreadable)
        this.log.error('effects.unreadable', { roomId: room, batches: last.unreadable.join(' '), kept: `hf:room:{${room}}:kept:effects` });
      await this.effects.runLast(room, last);
      await this.records.forgetOwner([room], server, incarnation);
    } catch (error) {
      this.log.warn('effects.left', { roomId: room, error: String(error) });
    }
  }

  /**
   * Ends the game of a room that was adopted just now, without running any of its code: what is stored of it leads to no state,
   * or must not be run. Its players hear the reason and are free, and what was stored is kept for a while.
   */
  private async giveUp(room: RoomId, tenure: Tenure, reason: GameResult['reason'], why: string): Promise<void> {
    if (!(await this.roomLog.abandon(room, tenure, { reason }))) return;
    this.log.error('room.given-up', {
      roomId: room,
      reason,
      error: why.slice(0, WHY_CHARS_MAX),
      kept: `hf:room:{${room}}:kept:log and :checkpoint`,
    });
    this.sink.publish({
      kind: 'room.given-up',
      room,
      server: tenure.server,
      reason,
      detail: { epoch: tenure.epoch, error: why.slice(0, WHY_CHARS_MAX) },
    });
    await this.records.forgetOwner([room], tenure.server, tenure.incarnation);
  }

  /** The room as its checkpoint and log say. Game code runs only to bring an old version's state to ours. */
  private revive(adopted: AdoptedRoom, { value, tail, held }: Replayed, owner: RoomOwnership, time: RoomTime): HostedRoom {
    const { epoch, batch, log, doc, rev, start, round, takeovers } = adopted;
    const machine = new RoomMachine(this.rulesOf(value.game), time);
    const recent = new RecentChanges(tail, held);
    const guarded = new GuardedMachine(machine, this.labels, this.guard, value.room, { epoch });
    // Where it is to be ended, its state is left as it is.
    let current: RoomValue;
    try {
      current = isToBeEnded(adopted) ? value : upgraded(guarded, value);
    } catch (error) {
      guarded.dispose();
      throw error;
    }
    // Changes of an old version's state lead nobody to the new one: players get it whole.
    if (current === value) recent.push(log.changes, log.entries);
    else recent.tell(log.changes);
    const place = { batch, doc, rev, start, round, takeovers, stateBytesMax: this.options.stateBytesMax };
    return new HostedRoom(guarded, { ...owner, epoch }, current, place, time, recent, tail.shown);
  }

  /** Null when its `migrateState` had to be interrupted: another try would cost every other room as much time again. */
  private async revivedOrGivenUp(
    adopted: AdoptedRoom,
    replayed: Replayed,
    owner: RoomOwnership,
    time: RoomTime,
  ): Promise<HostedRoom | null> {
    try {
      return this.revive(adopted, replayed, owner, time);
    } catch (error) {
      if (!(error instanceof OverrunError)) throw error;
      await this.giveUp(replayed.value.room, { ...owner, epoch: adopted.epoch }, 'game-failed', error.message);
      return null;
    }
  }

  /**
   * An input that cost the room its owner is not run again: a command is refused, an effect is dropped, anything else ends the
   * room, and so does a second loss. No code of the game has run here yet.
   */
  private quarantine(room: HostedRoom, adopted: AdoptedRoom): void {
    const { poison, losses } = adopted;
    if (!poison || room.value.ended) return;
    const { handler, seat, seq, effect } = poison;
    this.log.error('room.quarantined', { roomId: room.id, game: room.value.game, handler, seat, seq, losses });
    if (effect !== undefined) {
      room.handle({ kind: 'effects-done', keys: [effect] });
      // It stands among the pending ones until that is durable.
      room.poisonedEffect = effect;
    } else if (!isToBeEnded(adopted)) room.poison = { seat, seq };
    if (isToBeEnded(adopted)) {
      room.brokenBy = handler;
      room.handle({ kind: 'end', result: { reason: 'game-failed', message: `The game was stopped: ${handler} cost its server.` } });
    }
  }

  /** A state that was brought to a newer version of its game is stored before a change of it can be: the old log does not lead there. */
  private async storeUpgraded(room: HostedRoom, { checkpoint }: AdoptedRoom): Promise<void> {
    const { value, tenure } = room;
    if (checkpoint?.value.gameVersion === value.gameVersion) return;
    const result = await this.roomLog.checkpoint(room.id, tenure, room.checkpoint(), value.version, true, {
      gameVersion: value.gameVersion,
    });
    if (result !== 'ok') throw new HoldfastError('unavailable', `The upgraded state could not be stored: ${result}.`);
    this.log.info('room.upgraded', { roomId: room.id, game: value.game, from: checkpoint?.value.gameVersion, to: value.gameVersion });
  }

  private take(room: HostedRoom): void {
    this.highestEpochs.set(room.id, room.tenure.epoch);
    if (this.highestEpochs.size > EPOCHS_REMEMBERED_MAX) this.highestEpochs.delete(this.highestEpochs.keys().next().value as RoomId);
    this.rooms.add(room);
    this.taken.push(room.id);
    // A game may end in its setup, or have ended when its owner died before saying so; it may have been quarantined.
    if (room.value.ended || room.unflushed.length > 0) this.appender.markDirty(room);
  }

  private async forget(room: HostedRoom): Promise<void> {
    try {
      const { outbox } = room.durable;
      if (outbox.length > 0) await this.effects.runLast(room.id, { effects: outbox, batches: [room.batch], poisoned: [] }, room.value.game);
      this.ended.effectsDone(room.id, room.tenure.epoch);
      await this.records.forgetOwner([room.id], room.tenure.server, room.tenure.incarnation);
    } catch (error) {
      // An entry too many in an index is found and dropped by the next sweep.
      this.log.debug('room.forget-failed', { roomId: room.id, error: String(error) });
    }
  }

  /** The store may have forgotten an epoch that was given out; this process has not. */
  private readonly highestEpochs = new Map<RoomId, number>();

  private epochSeen(room: RoomId): number {
    return (this.highestEpochs.get(room) ?? 0) + 1;
  }

  private setUp(
    machine: GuardedMachine,
    id: RoomId,
    players: Control['room.open']['data']['players'],
    round: number,
    start: string,
  ): ReturnType<RoomMachine['start']> {
    let started: ReturnType<RoomMachine['start']>;
    try {
      started = machine.start(id, players, round, start);
    } catch (error) {
      this.log.error('game.failed', {
        roomId: id,
        game: machine.rules.definition.name,
        handler: HANDLER.setup,
        error: describeThrown(error),
      });
      machine.dispose();
      throw new HoldfastError('game-failed', 'The game could not be set up.');
    }
    if (pack(started.value).length > this.options.stateBytesMax) throw new HoldfastError('state-too-large');
    return started;
  }

  private unknownGame(game: string): HoldfastError {
    const there = listed(this.registry.all().map(({ definition }) => definition.name));
    return new HoldfastError('unknown-game', `${this.self.id} does not have the game ${quoted(game)}. Its games are: ${there}.`);
  }

  /** Throws `unknown-game`. */
  private rulesOf(game: string): RoomRules {
    const rules = this.registry.get(game);
    if (!rules) throw this.unknownGame(game);
    return rules;
  }

  /**
   * A room that is taken by an incarnation which was condemned meanwhile would be played where no gateway looks for it:
   * the record names the dead one, and whoever recovers its rooms takes this one up, too.
   */
  private isStill({ incarnation }: RoomOwnership): boolean {
    return this.self.incarnation === incarnation && this.self.state !== 'dead';
  }

  private refuseWhenFull(): void {
    if (this.admission !== 'open' || this.rooms.size >= this.options.roomsMax) throw new HoldfastError('no-capacity');
  }

  private owner(): RoomOwnership {
    return { server: this.self.id, incarnation: this.self.incarnation };
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

function isToBeEnded({ poison, losses }: AdoptedRoom): boolean {
  if (!poison) return false;
  return losses >= LOSSES_MAX || !(poison.handler.startsWith('command ') || poison.effect !== undefined);
}
const FAILURES_REMEMBERED_MAX = 1_000;
/** Of the cause in a log line. */
const WHY_CHARS_MAX = 300;

/** Enough for any server's rooms of many hours; each costs some fifty bytes. */
const EPOCHS_REMEMBERED_MAX = 20_000;

/** The room at the version that its record names, and what was told lately up to version `held`. */
interface Replayed {
  readonly value: RoomValue;
  readonly held: number;
  readonly tail: Pick<ToldTail, 'since' | 'changes'> & Partial<ToldTail>;
}

/** A text where checkpoint and log do not lead to the version of the record: why. */
function replay(room: RoomId, { checkpoint, log, version }: AdoptedRoom): Replayed | string {
  if (checkpoint === null) return 'nothing of this room is stored';
  try {
    const held = checkpoint.value.version;
    const value = applyChanges(
      checkpoint.value,
      log.changes.filter((change) => change.version > held),
    );
    if (value.room !== room) return `this is the checkpoint of room ${value.room}`;
    if (value.version !== version) return `checkpoint and log lead to version ${value.version}, the record is at ${version}`;
    return { value, held, tail: checkpoint.tail ?? { since: held, changes: [] } };
  } catch (error) {
    return String(error);
  }
}

/** The value in the version of the game that this server has. Throws what the game throws, or why there is no way. */
function upgraded(machine: GuardedMachine, value: RoomValue): RoomValue {
  const { definition, migrateState } = machine.rules;
  const { state, game, gameVersion, version, room } = value;
  if (gameVersion === definition.version) return value;
  const what = `room ${room} is of version ${gameVersion} of ${game}, and this server has version ${definition.version}`;
  if (gameVersion > definition.version)
    throw new HoldfastError('unknown-game', `${what}: start a server with version ${gameVersion} or a later one.`);
  if (!migrateState) {
    const remedy = `add migrateState(state, fromVersion) to the game, or start a server with version ${gameVersion}`;
    throw new HoldfastError('unknown-game', `${what} and no migrateState: ${remedy}.`);
  }
  let next: unknown;
  try {
    next = machine.migrateState(migrateState, state, gameVersion);
  } catch (cause) {
    if (cause instanceof OverrunError) throw cause;
    throw new HoldfastError('game-failed', `${what}: its migrateState threw ${thrown(cause)}`, { cause });
  }
  // Nobody waits for it; unheard, its failure would end the process.
  if (next instanceof Promise) next.catch(() => {});
  if (typeof next !== 'object' || next === null || next instanceof Promise)
    throw new HoldfastError(
      'game-failed',
      `${what}: its migrateState made ${next instanceof Promise ? 'a promise' : quoted(next)}, and no object for a state`,
    );
  // A version of its own, as any change of the state has: players who have the one before must not be taken for up to date.
  return { ...value, state: plainCopy(next, 'the state that migrateState made'), gameVersion: definition.version, version: version + 1 };
}

/** Of what a game threw, which may be anything and of any length. */
function thrown(cause: unknown): string {
  if (cause instanceof GameError) return cause.message.slice(0, THROWN_CHARS_MAX);
  return cause instanceof Error ? `${cause.name}: ${cause.message.slice(0, THROWN_CHARS_MAX)}` : `a value of type ${typeof cause}`;
}

const THROWN_CHARS_MAX = 300;
