import {
  applyPatches,
  type Command,
  type Ended,
  type ErrorBody,
  errorBody,
  type GameResult,
  HoldfastError,
  type Input,
  type OperationName,
  type Operations,
  type Paused,
  type Placed,
  type Players,
  type Rejected,
  type Resumed,
  type RoomId,
  type RoomPlayerInfo,
  type RoomView,
  type Seat,
  type Sync,
} from '#libs/protocol';
import type { CompactFrame } from './compact-form.js';
import { Emitter } from './emitter.js';
import { type GameVersions, refusalOfVersion } from './game-versions.js';
import { Outbox } from './outbox.js';
import { orAborted, untilAnswered } from './request-retry.js';
import type { Room, RoomEvents, RoomPhase, WaitOptions } from './room.js';
import { assertSendable } from './sendable.js';
import { SyncTime } from './sync-time.js';

/** The functions of a session that its room needs. */
export interface RoomLine {
  command(command: Command): void;
  /** Sends a player input. Returns false when no connection is open. */
  input(input: Input): boolean;
  request<Name extends OperationName>(
    operation: Name,
    data: Operations[Name]['data'],
    timeoutMs?: number,
  ): Promise<Operations[Name]['result']>;
  /**
   * Reports that a sync does not fit the client's state. The session reconnects to get the whole state. After several reconnects without
   * success, the session ends.
   */
  resync(reason: string): void;
  /** Sends a ping to check the connection. The room calls this method when a command has no answer after `ANSWER_MS`. */
  probe(): void;
  /** True while a ping of `probe` has no answer and the connection has not been replaced. */
  readonly isProbing: boolean;
  /** The versions of games for which this program was written. */
  readonly gameVersions: GameVersions;
}

export type GameFrame = Placed | Players | Sync | CompactFrame | Rejected | Paused | Resumed | Ended;

/**
 * Time in ms for which the room waits for the owner's message about the end of a game, after the lobby has reported the end. Only the
 * owner's message contains the result. If it does not arrive, for example after a resume, the game ends without the result.
 */
const ENDED_GRACE_MS = 500;

/**
 * Time in ms without an answer to a command after which the client sends a ping. After twice this time, the client repeats the command. A
 * healthy fleet answers in much less time.
 */
const ANSWER_MS = 1_500;
/**
 * Delay in ms between the refusal of a command and the repeat of the commands after it. During this delay, the room waits for the refusals
 * of these later commands, so that it does not repeat a refused command.
 */
const AGAIN_MS = 20;

/** Maximum delay of `setTimeout`, in ms (24.8 days). With a longer delay, `setTimeout` calls back immediately. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The implementation of `Room`. It receives the frames of the server from the session. */
export class LiveRoom implements Room {
  state: unknown;
  version = -1;
  /** The round to which `version` belongs: the number of the game in this room, from 0. */
  round = 0;
  seat: Seat | null = null;
  gameVersion: number | null = null;
  players: readonly RoomPlayerInfo[] = [];
  result: GameResult | null = null;
  status: RoomPhase = 'waiting';

  /** The refusal of all commands, when this program was not written for the version of the game. */
  private incompatible: HoldfastError | null = null;
  private readonly emitter = new Emitter<RoomEvents>();
  private readonly watchers = new Set<() => void>();
  private readonly outbox = new Outbox();
  private epoch = 0;
  /** The epoch of the owner that sent `version`. */
  versionEpoch = 0;
  /**
   * The last reported rewind, so that the room emits a repeated report only once. `ofEpoch`: the epoch of the lost version. `to`: the
   * version from which the game continued.
   */
  private rewind = { ofEpoch: 0, to: -1 };
  /** The version up to which the room has emitted events. A server may repeat events after a resume, and the room ignores them. */
  private eventVersion = -1;
  private syncTime = new SyncTime();
  private isRewound = false;
  /** True while the room can send commands: from the `placed` of this connection to the next pause. */
  private attached = false;
  /** True: the last `placed` came from a former owner of the room. The room then ignores the frames of this owner. */
  private fromOldOwner = false;
  /** True when the lobby has reported `waiting` since the last game began. If a later view shows a game, this game is then a new one. */
  private isBackInLobby = false;
  private endedTimer: ReturnType<typeof setTimeout> | undefined;
  private answerTimer: ReturnType<typeof setTimeout> | undefined;
  /** The seq of the first command in the scheduled repeat. Null: no repeat is scheduled. */
  private againFrom: number | null = null;
  private againTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    public view: RoomView,
    private readonly line: RoomLine,
  ) {
    this.status = phaseOf(view);
  }

  get id(): RoomId {
    return this.view.id;
  }

  get game(): string {
    return this.view.game;
  }

  get unanswered(): number {
    return this.outbox.size;
  }

  get isInPlay(): boolean {
    return this.status === 'playing' || this.status === 'paused';
  }

  async send(name: string, data?: unknown): Promise<void> {
    if (this.status === 'left') throw new HoldfastError('not-in-room');
    if (this.status === 'ended') throw new HoldfastError('game-ended');
    if (!this.isInPlay) throw new HoldfastError('room-not-playing');
    if (this.seat === null) throw new HoldfastError('spectator');
    if (this.incompatible) throw this.incompatible;
    assertSendable({ kind: 'command', seq: 0, name, data });
    const { seq, answered } = this.outbox.add(name, data);
    this.sendFrom(seq);
    this.awaitAnswers();
    return answered;
  }

  sendInput(number: number, data: unknown): boolean {
    if (!this.attached || this.seat === null || this.incompatible) return false;
    const input: Input = { kind: 'input', number, data };
    assertSendable(input);
    return this.line.input(input);
  }

  async ready(ready = true): Promise<void> {
    this.look((await this.line.request('rooms.ready', { ready })).room);
  }

  async rematch(): Promise<void> {
    this.look((await this.line.request('rooms.rematch', undefined)).room);
  }

  async start({ signal, waitMs }: { waitMs?: number; signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    try {
      const data = waitMs === undefined ? {} : { waitMs };
      this.look((await orAborted(this.line.request('rooms.start', data, waitMs), signal)).room);
    } catch (error) {
      if (!signal?.aborted) throw error;
      await untilAnswered(() => this.line.request('rooms.cancelStart', undefined)).then(
        ({ room }) => this.look(room),
        // A refusal of `rooms.cancelStart` means that there is no start to cancel: the player has left the room, or the session has ended.
        () => {},
      );
      if (this.status === 'left' || this.view.status !== 'playing') throw signal.reason;
    }
  }

  async leave(): Promise<void> {
    await this.line.request('rooms.leave', undefined);
    this.quit('left');
  }

  on<Name extends keyof RoomEvents>(name: Name, listener: (...args: RoomEvents[Name]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  waitFor(predicate: (room: Room) => boolean, { signal, timeoutMs }: WaitOptions = {}): Promise<Room> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = (): void => {
        this.watchers.delete(look);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: unknown): void => {
        stop();
        reject(error);
      };
      const abort = (): void => fail(signal?.reason);
      const look = (): void => {
        try {
          if (predicate(this)) {
            stop();
            resolve(this);
          } else if (this.status === 'left') fail(new HoldfastError('not-in-room'));
        } catch (error) {
          fail(error);
        }
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      if (timeoutMs !== undefined)
        timer = setTimeout(
          () => fail(new HoldfastError('timed-out', 'The condition did not become true in time.')),
          Math.min(timeoutMs, TIMEOUT_MS_MAX),
        );
      this.watchers.add(look);
      look();
    });
  }

  // ── Messages of the server ───────────────────────────────────────────────────────────────────────────────────────

  /** Handles a view of the room from the lobby. Ignores a view that is older than the current one. */
  look(view: RoomView): void {
    if (this.status === 'left' || view.rev < this.view.rev) return;
    this.view = view;
    if (view.status === 'waiting') this.isBackInLobby = true;
    if (this.isInPlay) this.doubtWhether(view);
    else if (this.status !== 'ended') this.status = phaseOf(view);
    // After the end of a game, a view changes the status only if the lobby has reported `waiting` since the game began. Otherwise an older
    // view could show the ended game as still running.
    else if (this.isBackInLobby && view.status !== 'waiting') this.status = phaseOf(view);
    this.emitter.emit('view', view);
    this.updated();
  }

  take(frame: GameFrame): void {
    if (this.status === 'left') return;
    if (frame.kind === 'placed') this.placed(frame);
    else if (!this.fromOldOwner) this.takeFromOwner(frame);
    this.updated();
  }

  /**
   * Handles the loss of the connection. Commands wait for the next `placed`. `isFaulty`: the client could not decode or apply a frame. The
   * client then requests the whole state, because otherwise the server would send the faulty changes again.
   */
  detached(isFaulty = false): void {
    if (isFaulty) this.version = -1;
    this.attached = false;
    this.fromOldOwner = false;
    this.pause('connection-lost');
    this.updated();
  }

  quit(reason: string | undefined, error: ErrorBody = errorBody('not-in-room')): void {
    if (this.status === 'left') return;
    clearTimeout(this.endedTimer);
    clearTimeout(this.answerTimer);
    clearTimeout(this.againTimer);
    this.status = 'left';
    this.attached = false;
    this.outbox.refuseAll(HoldfastError.from(error));
    this.emitter.emit('left', reason);
    this.updated();
  }

  private takeFromOwner(frame: Exclude<GameFrame, Placed>): void {
    switch (frame.kind) {
      case 'sync':
      case 'compact':
        return this.sync(frame);
      case 'players':
        this.players = frame.players;
        this.emitter.emit('players', frame.players);
        return;
      case 'rejected':
        return this.rejected(frame);
      case 'paused':
        this.attached = false;
        return this.pause(frame.reason);
      case 'resumed':
        this.attach();
        return this.resume(frame.reason);
      case 'ended':
        return this.end(resultOf(frame));
    }
  }

  private rejected(frame: Rejected): void {
    this.outbox.rejected(frame.seq, HoldfastError.from(frame));
    // A gateway refused the command (`busy`), so the room has ignored all later commands. The client repeats the later commands. The field
    // `settled` of the repeated commands counts the refused command as answered, so the room does not wait for the refused command.
    if (frame.retry) this.sendSoonFrom(frame.seq + 1);
  }

  private placed(frame: Placed): void {
    this.fromOldOwner = frame.epoch < this.epoch;
    if (this.fromOldOwner) return;
    clearTimeout(this.endedTimer);
    if (frame.round !== this.round) this.end(this.view.lastResult ?? { reason: 'abandoned' });
    if (!this.isInPlay) this.begin(frame);
    else this.outbox.align(frame.seq);
    this.epoch = frame.epoch;
    this.round = frame.round;
    this.seat = frame.seat;
    this.players = frame.players;
    this.attach();
    if (frame.rewound) this.rewound(frame.rewound);
    this.compareVersions(frame.gameVersion ?? null);
    if (this.status === 'paused') this.resume('placed');
    this.status = 'playing';
    this.emitter.emit('placed', this);
  }

  /** Handles the version of the game in `placed`. It changes when the game continues on a server with newer rules. */
  private compareVersions(version: number | null): void {
    const isNews = version !== this.gameVersion;
    this.gameVersion = version;
    this.incompatible = refusalOfVersion(this.line.gameVersions, this.game, version);
    if (this.incompatible && isNews) this.emitter.emit('incompatible', this.incompatible, this);
  }

  private rewound(rewind: NonNullable<Placed['rewound']>): void {
    if (this.version < 0 || (this.rewind.ofEpoch === this.versionEpoch && this.rewind.to === rewind.to)) return;
    this.rewind = { ofEpoch: this.versionEpoch, to: rewind.to };
    this.eventVersion = Math.min(this.eventVersion, rewind.to);
    this.isRewound = true;
    this.emitter.emit('rewound', rewind);
  }

  private begin(frame: Placed): void {
    this.result = null;
    this.isBackInLobby = false;
    this.state = undefined;
    this.version = -1;
    this.eventVersion = -1;
    this.syncTime = new SyncTime();
    this.isRewound = false;
    this.outbox.restart(frame.seq, new HoldfastError('game-ended'));
    this.status = 'playing';
  }

  private sync(frame: Sync | CompactFrame): void {
    const before = this.state;
    if (!this.advance(frame)) {
      this.version = -1;
      this.line.resync(`the sync to version ${frame.version} does not fit`);
      return;
    }
    this.outbox.settle(frame.seq);
    if (frame.missed) this.emitter.emit('missed');
    const { state, version, isRewound } = this;
    this.isRewound = false;
    const isCompact = frame.kind === 'compact';
    const input = isCompact ? frame.input : undefined;
    this.emitter.emit('sync', { version, time: this.syncTime.take(frame), input, state, previous: before, rewound: isRewound });
    if (this.state !== before) this.emitter.emit('change', this.state, this);
    for (const event of frame.events ?? []) {
      if (event.version > this.eventVersion) this.emitter.emit('event', event);
    }
    this.eventVersion = Math.max(this.eventVersion, frame.version);
  }

  /** Applies a sync to the state. Returns false when the sync is malformed or does not fit the version of the room. */
  private advance(frame: Sync | CompactFrame): boolean {
    if (frame.events !== undefined && !Array.isArray(frame.events)) return false;
    if (frame.kind === 'compact') {
      try {
        this.state = frame.next(this.state, this.version);
      } catch {
        return false;
      }
      if (frame.from === undefined) this.startEventsAgain(frame.version);
    } else if (frame.patches === undefined && frame.state !== undefined) {
      this.state = frame.state;
      this.startEventsAgain(frame.version);
    } else {
      if (frame.from !== undefined && frame.from !== this.version) return false;
      try {
        if (frame.patches) this.state = applyPatches(this.state, frame.patches);
      } catch {
        return false;
      }
    }
    this.version = frame.version;
    this.versionEpoch = this.epoch;
    return true;
  }

  /** After a rewind, lets the room emit the events of the new versions. A version below `eventVersion` shows that the game was rewound. */
  private startEventsAgain(version: number): void {
    if (version < this.eventVersion) this.eventVersion = -1;
  }

  private attach(): void {
    this.attached = true;
    this.repeat();
  }

  /** Sends all unanswered commands again. The outbox rejects a command that was repeated too often. */
  private repeat(): void {
    if (!this.attached) return;
    for (const command of this.outbox.repeat()) this.line.command(command);
  }

  private sendFrom(seq: number): void {
    if (!this.attached) return;
    for (const command of this.outbox.takeFrom(seq)) this.line.command(command);
  }

  /**
   * Schedules one repeat of commands after several refusals. Without the delay, each refusal would cause a repeat of all later commands.
   */
  private sendSoonFrom(seq: number): void {
    if (this.againFrom !== null) {
      this.againFrom = Math.min(this.againFrom, seq);
      return;
    }
    this.againFrom = seq;
    this.againTimer = setTimeout(() => {
      const from = this.againFrom ?? 0;
      this.againFrom = null;
      this.sendFrom(from);
    }, AGAIN_MS);
  }

  /**
   * Sends a ping when a command has no answer after `ANSWER_MS`. If the server answers the ping, the command itself may be lost, so after
   * another `ANSWER_MS` the client repeats all unanswered commands. If the server does not answer the ping, the client reconnects and then
   * repeats the commands. The room applies each command only once.
   */
  private awaitAnswers(isProbed = false): void {
    const { oldest } = this.outbox;
    if (oldest === null || this.answerTimer !== undefined) return;
    this.answerTimer = setTimeout(() => {
      this.answerTimer = undefined;
      const isUnanswered = this.outbox.oldest === oldest;
      const isWaiting = isUnanswered && isProbed && this.line.isProbing;
      if (isUnanswered && isProbed && !isWaiting) this.repeat();
      else if (isUnanswered && !isProbed && this.attached) this.line.probe();
      this.awaitAnswers(isWaiting || (isUnanswered && !isProbed));
    }, ANSWER_MS);
  }

  private pause(reason: string): void {
    if (this.status !== 'playing') return;
    this.status = 'paused';
    this.emitter.emit('pause', reason);
  }

  private resume(reason: string): void {
    if (this.status !== 'paused') return;
    this.status = 'playing';
    this.emitter.emit('resume', reason);
  }

  private end(result: GameResult): void {
    clearTimeout(this.endedTimer);
    if (!this.isInPlay) return;
    this.status = 'ended';
    this.attached = false;
    this.result = result;
    this.outbox.refuseAll(new HoldfastError('game-ended', 'The game ended before this command was answered.'));
    this.emitter.emit('end', result);
  }

  /** Ends the game after a view without a game, unless the owner's `ended` arrives within `ENDED_GRACE_MS`. */
  private doubtWhether(view: RoomView): void {
    clearTimeout(this.endedTimer);
    if (view.status === 'playing' || view.status === 'starting') return;
    this.endedTimer = setTimeout(() => {
      this.end(view.lastResult ?? { reason: 'abandoned' });
      this.updated();
    }, ENDED_GRACE_MS);
  }

  private updated(): void {
    for (const look of [...this.watchers]) look();
  }
}

/** Returns the phase that a view shows. Never returns `playing`, because a room with a game is `starting` until its `placed` arrives. */
function phaseOf(view: RoomView): RoomPhase {
  return view.status === 'starting' || view.status === 'playing' ? 'starting' : 'waiting';
}

function resultOf({ reason, result, message }: GameResult): GameResult {
  return { reason, ...(result !== undefined && { result }), ...(message !== undefined && { message }) };
}
