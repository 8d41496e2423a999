import type { ErrorBody, GameResult, RoomId, Seat, UserId } from '#libs/protocol';
import {
  type Change,
  PastStates,
  type PendingEffect,
  type Refusal,
  type RoomInput,
  type RoomOutcome,
  type RoomValue,
  SeatInputs,
  STATE_BYTES_MAX_DEFAULT,
  UNANSWERED_MAX,
  withoutVolatile,
} from '#libs/room';
import {
  type Append,
  type ChangeLogFormat,
  type DocAtRev,
  type EndedGame,
  logFormatOf,
  packCheckpoint,
  type RoomDoc,
  rewoundBy,
  type Takeover,
  type Tenure,
} from '#libs/room-store';
import type { Attachment } from './attachment.js';
import type { HostedMachine } from './guarded-machine.js';
import { RecentChanges } from './recent-changes.js';
import type { RoomTime } from './room-time.js';
import { StateSize } from './state-size.js';

/**
 * The status of a room on this server. `active`: the room handles inputs. `freezing`: the room refuses inputs, and its changes are being
 * stored. `lame`: the store names a new owner, and the room sends nothing until the new owner has loaded it. `dropped`: this server does
 * not own the room, and must not write or send anything for it.
 */
export type HostedStatus = 'active' | 'freezing' | 'lame' | 'dropped';

const TRANSITIONS: Readonly<Record<HostedStatus, readonly HostedStatus[]>> = {
  active: ['freezing', 'dropped'],
  freezing: ['active', 'lame', 'dropped'],
  lame: ['dropped'],
  dropped: [],
};

/** A refusal that can depend on changes up to `afterVersion`. It is sent once these changes are durable. */
export interface WaitingRefusal {
  readonly afterVersion: number;
  readonly attachment: Attachment;
  readonly seq: number;
  readonly error: ErrorBody;
}

/** Changes that are being stored, and the value after them. */
export interface InFlight {
  /** The append that stores the changes. Null: the game keeps no log, so the changes are regarded as durable at once. */
  readonly append: Append | null;
  readonly changes: readonly Change[];
  readonly after: RoomValue;
  /** The time at which the oldest of the changes was made, by the monotonic clock, in ms. */
  readonly since: number;
}

export interface UnsentChanges {
  readonly before: RoomValue;
  readonly changes: Change[];
}

export type SeqVerdict =
  /** The command is the next one of its seat. */
  | { readonly kind: 'next' }
  /** The command was applied and is durable, so the server repeats the acknowledgement. */
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused-before'; readonly code: string }
  /** The command crashed the room's last owner, and must not run again. */
  | { readonly kind: 'poisoned' }
  /**
   * The command was handled and is being stored, or an earlier command is missing. The server ignores it, because the client repeats all
   * unanswered commands.
   */
  | { readonly kind: 'ignore' };

/** `too-large`: the change was dropped, because the room would exceed the size limit of its server. */
export type HandledOutcome = RoomOutcome<unknown> | { readonly kind: 'too-large' };

const TOO_LARGE: HandledOutcome = { kind: 'too-large' };

const NO_REFUSALS: readonly Refusal[] = [];

/**
 * A room on its owner. `value` contains all handled inputs. `durable` is the latest value that the store has acknowledged, and players
 * receive only this value. Invariant: `value.version` is `durable.version` plus the number of changes in the append under way and the
 * number of unflushed changes.
 */
export class HostedRoom {
  status: HostedStatus = 'active';
  durable: RoomValue;
  value: RoomValue;
  /** The batch id of the last append that the store acknowledged. */
  batch: string;
  /**
   * The lobby's part of the record, and its revision, as last read by this server. This server writes both into a store that lost the
   * record.
   */
  doc: RoomDoc;
  rev: number;
  readonly start: string;
  /** The number of the game within its room. */
  readonly round: number;
  unflushed: Change[] = [];
  /** The time at which the oldest of the `unflushed` changes was made, by the monotonic clock, in ms. */
  unflushedSince = 0;
  inFlight: InFlight | null = null;
  readonly attachments = new Set<Attachment>();
  /** The latest player inputs. Null: the game has no player inputs. */
  readonly inputs: SeatInputs | null;
  /** The earlier states, for `room.past`. Undefined: the game has no `pastMs`. */
  private readonly past: PastStates | undefined;
  readonly bySeat = new Map<Seat, Attachment>();
  /** The last durable changes, for clients that reconnect. */
  readonly recent: RecentChanges;
  /**
   * Seats whose players have received the state of the game. When one of these players attaches without a version, for example after a
   * reload of the page, the server sends no old events.
   */
  readonly shown: Set<Seat>;
  waitingRefusals: WaitingRefusal[] = [];
  /** Durable changes that were not yet sent to the attachments, and the value before them. Null: all were sent. */
  unsent: UnsentChanges | null = null;
  /** Earliest time of the next sync, by the monotonic clock, in ms, for games with `syncHz`. */
  syncDueAt = 0;
  /** The version of the last durable step of the game. -1: no step on this server is durable. */
  lastDurableStep = -1;
  /** The versions of the steps that are not durable yet, oldest first. */
  private stepsOnTheirWay: number[] = [];
  /** Room time of the last durable change, in ms. */
  changedAt: number;
  /**
   * The start of the current wait, by the monotonic clock, in ms. Either an append waits for its answer, or the end of the game waits until
   * the store is settled. Null: nothing waits.
   */
  stalledSince: number | null = null;
  isPauseSent = false;
  isReasserting = false;
  /**
   * The target of a handoff that was sent. The store may have executed the handoff, and then refuses other writes of this server. Null: no
   * handoff was sent.
   */
  handingTo: Tenure | null = null;
  /**
   * The append that ends the game, and the record after that append. `record` is null until the store has the append. Null: the game has no
   * end to store.
   */
  ending: { readonly append: Append; record: DocAtRev | null } | null = null;
  readonly size: StateSize;
  /**
   * The error of the game's view or of its result, or the name of the handler that crashed the room's last owner. In each of these cases,
   * the view must not run any more, and the game ends. Null: the view may run.
   */
  brokenBy: unknown = null;
  /** True while a command of the room waits for the end of this event-loop tick. */
  isQueued = false;
  /** The value after the computed commands of the current batch that are not applied yet. Null: there are no such commands. */
  ahead: RoomValue | null = null;
  /** The command that crashed the room's last owner. Null: no command did so. */
  poison: { readonly seat: Seat; readonly seq: number } | null = null;
  /**
   * The key of the effect that crashed the room's last owner. This effect must not run. The effect is pending until the change that drops
   * it is durable. Null: no effect crashed the owner.
   */
  poisonedEffect: string | null = null;

  private readonly takeovers: readonly Takeover[];
  /** Identifies this tenure in the keys of effects, so that two owners never use the same key for different effects. */
  private readonly tenureName: string;
  /**
   * The keys of pending effects that a stored checkpoint contains. Only these effects may run. Null: the durability is not `checkpoint`, so
   * the effects of all durable changes may run.
   */
  private storedEffects: ReadonlySet<string> | null;
  /** For each seat, the highest sequence number of a command that was applied or refused. */
  private readonly seen: number[];
  /** For each seat, the refusals that no change has recorded yet. */
  private readonly refused = new Map<Seat, readonly Refusal[]>();

  constructor(
    readonly machine: HostedMachine,
    public tenure: Tenure,
    value: RoomValue,
    {
      batch,
      doc,
      rev,
      start,
      round,
      takeovers = [],
      stateBytesMax = STATE_BYTES_MAX_DEFAULT,
    }: DocAtRev & { batch: string; start: string; round: number; takeovers?: readonly Takeover[]; stateBytesMax?: number },
    readonly time: RoomTime,
    /** The earlier changes of a room that was set up or came from another owner. */
    recent = new RecentChanges({ since: value.version, changes: [] }, value.version),
    shown: readonly Seat[] = [],
  ) {
    this.value = value;
    this.durable = value;
    this.changedAt = time.now();
    this.takeovers = takeovers;
    this.size = new StateSize(stateBytesMax);
    this.tenureName = String(tenure.epoch);
    // The pending effects of a room that arrives on this server are already stored, by the setup or by the last owner.
    this.storedEffects = this.durability === 'checkpoint' ? keysOf(value.outbox) : null;
    this.batch = batch;
    this.doc = doc;
    this.rev = rev;
    this.start = start;
    this.round = round;
    this.recent = recent;
    this.shown = new Set(shown);
    const { input, definition } = machine.rules;
    this.past = definition.pastMs === undefined ? undefined : new PastStates(definition.pastMs, value.state, this.changedAt);
    this.inputs = input ? new SeatInputs(input.queue, value.seats) : null;
    this.seen = value.seats.map((seat) => seat.refused.reduce((highest, [seq]) => Math.max(highest, seq), seat.seq));
  }

  get id(): RoomId {
    return this.value.room;
  }

  get durability(): 'every-change' | 'checkpoint' | 'none' {
    return this.machine.rules.definition.durability;
  }

  get logFormat(): ChangeLogFormat {
    return logFormatOf(this.machine.rules.definition);
  }

  /** True when the room has a change that the store has not acknowledged. */
  get isDirty(): boolean {
    return this.unflushed.length > 0 || this.inFlight !== null;
  }

  become(status: HostedStatus): void {
    if (!TRANSITIONS[this.status].includes(status)) throw new Error(`room ${this.id} cannot become ${status}: it is ${this.status}`);
    this.status = status;
  }

  seatOf(user: UserId): Seat | null {
    const seat = this.value.seats.findIndex((candidate) => candidate.user === user && candidate.presence !== 'left' && !candidate.bot);
    return seat === -1 ? null : seat;
  }

  /** True when the user has a seat in the durable value. Only then may this server send frames to the user as a player. */
  isSeated(user: UserId): boolean {
    const seat = this.seatOf(user);
    const stored = seat === null ? undefined : this.durable.seats[seat];
    return stored?.user === user && stored.presence !== 'left' && !stored.bot;
  }

  /** Prepares the seat for another player who has taken it. The new player does not get earlier events. */
  seatTaken(seat: Seat): void {
    this.refused.delete(seat);
    this.inputs?.release(seat);
    this.shown.add(seat);
    this.seen[seat] ??= 0;
  }

  /** Runs one input. The change is part of `value`, and of `durable` only after it is stored. */
  handle(input: RoomInput): HandledOutcome {
    return this.apply(input, this.compute(input));
  }

  /** Computes the outcome of an input on `from`: the current value, or the value after earlier inputs of a batch. Changes nothing. */
  compute(input: RoomInput, from: RoomValue = this.value): RoomOutcome<unknown> {
    // The next change records the refusals. In a batch, only the first input of a room gets them, so that they are recorded once.
    const refused = from === this.value && this.refused.size > 0 ? this.refused : undefined;
    return this.machine.handle(from, input, refused, this.tenureName, this.past);
  }

  /** Applies an outcome that was computed from the current value. Drops a change that cannot be stored or is too large. */
  apply(input: RoomInput, outcome: RoomOutcome<unknown>): HandledOutcome {
    if (outcome.kind !== 'changed') return outcome;
    if (isMeasured(input)) {
      try {
        if (!this.size.takes(outcome.change, outcome.value, this.value)) return TOO_LARGE;
      } catch (error) {
        return { kind: 'failed', error };
      }
    }
    if (this.past && outcome.value.state !== this.value.state) this.past.add(outcome.value.state, outcome.change.at);
    this.value = outcome.value;
    if (this.unflushed.length === 0) this.unflushedSince = performance.now();
    this.unflushed.push(outcome.change);
    if (this.refused.size > 0) this.forgetRecorded(outcome.change);
    return outcome;
  }

  /** Returns the state as `seat` may see it (null: a spectator). Returns null for every seat when the view of the game has failed. */
  view(state: unknown, seat: Seat | null): unknown {
    // After a failure, does not call the view again, because each call can take the whole time that the watchdog allows.
    if (this.brokenBy !== null && this.machine.rules.view !== null) return null;
    try {
      return this.machine.view(state, seat);
    } catch (error) {
      this.brokenBy = error ?? 'nothing';
      return null;
    }
  }

  /**
   * Returns what `seat` sees of the durable state. The caller compares the result with `seen`, the earlier view of the seat. Returns `seen`
   * itself when the view of the game has failed.
   */
  nextView(seen: unknown, seat: Seat | null): unknown {
    if (this.machine.rules.view === null) return this.durable.state;
    if (this.brokenBy !== null) return seen;
    try {
      return this.machine.viewOf(this.durable, seat);
    } catch (error) {
      this.brokenBy = error ?? 'nothing';
      return seen;
    }
  }

  /** Returns to the durable value, because the later changes cannot be stored. */
  returnToDurable(): void {
    this.unflushed = [];
    this.inFlight = null;
    this.stepsOnTheirWay = [];
    this.value = this.durable;
    this.past?.restart(this.value.state, this.time.now());
  }

  judgeSeq(seat: Seat, seq: number, settled: number): SeqVerdict {
    const code = this.refusalOf(seat, seq);
    if (code !== null) return { kind: 'refused-before', code };
    if (seq <= this.durable.seats[seat]!.seq) return { kind: 'applied' };
    if (seq <= this.seen[seat]!) return { kind: 'ignore' };
    if (seq !== Math.max(this.seen[seat]!, settled) + 1) return { kind: 'ignore' };
    return this.poison !== null && this.poison.seat === seat && this.poison.seq === seq ? { kind: 'poisoned' } : { kind: 'next' };
  }

  /** Returns the highest sequence number of a command of the seat that was applied or refused. */
  seenSeq(seat: Seat): number {
    return this.seen[seat]!;
  }

  noteSeq(seat: Seat, seq: number): void {
    this.seen[seat] = seq;
  }

  /** Returns the refusals of the seat that no change has recorded yet. */
  unrecordedRefusals(seat: Seat): readonly Refusal[] {
    return this.refused.get(seat) ?? NO_REFUSALS;
  }

  noteRefusal(seat: Seat, seq: number, code: string): void {
    // Makes a new array, because computed changes refer to the old array.
    this.refused.set(seat, [...this.unrecordedRefusals(seat), [seq, code] as const].slice(-UNANSWERED_MAX));
  }

  /** Removes the refusals that the change has recorded. Keeps later refusals for the next change. */
  private forgetRecorded({ seats }: Change): void {
    for (const [seat, refusals] of this.refused) {
      const recorded = seats?.[seat]?.refused ?? NO_REFUSALS;
      const left = refusals.filter(([seq]) => !recorded.some(([recordedSeq]) => recordedSeq === seq));
      if (left.length > 0) this.refused.set(seat, left);
      else this.refused.delete(seat);
    }
  }

  /** Records that the last change was made by a step. */
  noteStep(): void {
    this.stepsOnTheirWay.push(this.value.version);
  }

  /** Sets the durable value to the value after the stored changes. */
  committed({ append, changes, after }: InFlight): void {
    this.durable = after;
    while (this.stepsOnTheirWay.length > 0 && this.stepsOnTheirWay[0]! <= after.version)
      this.lastDurableStep = this.stepsOnTheirWay.shift()!;
    if (append) this.batch = append.batch;
    this.stalledSince = null;
    // Without a log, and at the end of a game, there are no packed changes. Players who reconnect then receive the whole state.
    const kept = changes.map(withoutVolatile);
    if (append && !append.ended) this.recent.push(kept, append.entries);
    else this.recent.pushEvents(kept);
  }

  /**
   * Returns the version to which the game was rewound for a client that received `version` in epoch `versionEpoch`. Null: the game was not
   * rewound, or the client has no version. A rewind happens with durability `checkpoint`, or when the store lost data and the owner was
   * lost at the same time.
   */
  rewoundTo(version: number | null, versionEpoch: number | null): number | null {
    if (version === null) return null;
    if (versionEpoch !== null) return rewoundBy(this.takeovers, version, versionEpoch);
    // Without an epoch, the client's version is certainly lost only if it is above the version of the room.
    return version > this.value.version ? (this.takeovers.at(-1)?.version ?? null) : null;
  }

  /** Returns the durable changes after `version`. Null: not all of them are kept, or the version is not durable here. */
  changesSince(version: number): readonly Change[] | null {
    if (version === this.durable.version) return [];
    return version > this.durable.version ? null : this.recent.since(version);
  }

  /** Returns the packed checkpoint of the durable value or, while an append is under way, of the value after it. */
  checkpoint({ after, changes }: Pick<InFlight, 'after' | 'changes'> = { after: this.durable, changes: [] }): Uint8Array {
    const { takeovers } = this;
    return packCheckpoint(after, {
      ...this.recent.tail(this.shown, changes.map(withoutVolatile)),
      at: this.time.now(),
      ...(takeovers.length > 0 && { takeovers }),
    });
  }

  /**
   * The effects that may run: those of all durable changes, or, with durability `checkpoint`, those that a stored checkpoint contains. The
   * effect that crashed the last owner is not among them.
   */
  get runnableEffects(): readonly PendingEffect[] {
    const { storedEffects, poisonedEffect } = this;
    if (storedEffects === null && poisonedEffect === null) return this.durable.outbox;
    return this.durable.outbox.filter(({ key }) => key !== poisonedEffect && (storedEffects === null || storedEffects.has(key)));
  }

  /** True while an effect waits for a checkpoint. */
  get hasUnstoredEffects(): boolean {
    const { storedEffects } = this;
    return storedEffects !== null && this.durable.outbox.some(({ key }) => !storedEffects.has(key));
  }

  /** Records that the store has a checkpoint with the effects of this value. */
  checkpointed({ outbox }: RoomValue): void {
    if (this.storedEffects === null) return;
    // Keeps the keys of earlier checkpoints, because the answers to two checkpoints can arrive in the wrong order.
    const stored = new Set(this.storedEffects);
    for (const { key } of outbox) stored.add(key);
    const pending = keysOf(this.durable.outbox);
    this.storedEffects = new Set([...stored].filter((key) => pending.has(key)));
  }

  get ended(): GameResult | undefined {
    return this.durable.ended;
  }

  /**
   * All data that this server needs to write the end of the game again if the store loses the end. Null: the game has not ended, or the
   * store has not acknowledged its end.
   */
  get endedGame(): EndedGame | null {
    const { ending, value } = this;
    if (!ending?.record || !value.ended) return null;
    const { append, record } = ending;
    return {
      ...record,
      epoch: this.tenure.epoch,
      batch: append.batch,
      result: value.ended,
      effects: append.lastEffects ?? [],
      epilogue: append.epilogue ?? null,
      round: this.round + 1,
      game: value.game,
    };
  }

  private refusalOf(seat: Seat, seq: number): string | null {
    const onRecord = this.value.seats[seat]!.refused;
    // This method runs for every command. Usually the room has no refusals, and then the method returns at once.
    if (onRecord.length === 0 && this.refused.size === 0) return null;
    const recorded = onRecord.find(([refusedSeq]) => refusedSeq === seq);
    return (recorded ?? this.refused.get(seat)?.find(([refusedSeq]) => refusedSeq === seq))?.[1] ?? null;
  }
}

/**
 * Returns whether the change of an input is subject to the limit of the state. The server's own inputs are not subject to it, because they
 * are small and must work in a room that is too large.
 */
function isMeasured(input: RoomInput): boolean {
  return input.kind !== 'end' && input.kind !== 'effects-done';
}

function keysOf(effects: readonly PendingEffect[]): ReadonlySet<string> {
  return new Set(effects.map(({ key }) => key));
}
