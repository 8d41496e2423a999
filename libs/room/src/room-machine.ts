import { create } from 'mutative';
import type { GameResult, Patch, RoomId, Seat, UserId } from '#libs/protocol';
import { keyedEffects, pendingEffects, withChange } from './apply-change.js';
import { diff, difference } from './diff.js';
import { GameMistake, type Handling, listed, quoted } from './game-mistake.js';
import { assertPlainName, freezeDeep, plainCopy, UnstorableError } from './plain-data.js';
import type { CommandRule, GameRoom, RoomRules, SeatEvent, SeatInfo, Setup, Validation } from './room-rules.js';
import type { Change, ChangeEffect, ChangeEvent, Presence, Refusal, RoomValue, SeatChange } from './room-value.js';

export type RoomInput =
  | { readonly kind: 'command'; readonly seat: Seat; readonly seq: number; readonly name: string; readonly data: unknown }
  | { readonly kind: 'timer'; readonly name: string }
  | { readonly kind: 'step' }
  | { readonly kind: 'seat'; readonly seat: Seat; readonly event: SeatEvent }
  /**
   * The room had no owner for `ms`. All its timers are delayed by this time. This is the first input on an owner that adopted the
   * room.
   */
  | { readonly kind: 'paused'; readonly ms: number }
  /** The owner has completed the effects with these keys. */
  | { readonly kind: 'effects-done'; readonly keys: readonly string[] }
  /** Ends the game from outside: by an operator, or because the game failed. */
  | { readonly kind: 'end'; readonly result: GameResult };

export type RoomOutcome<State> =
  | { readonly kind: 'changed'; readonly value: RoomValue<State>; readonly change: Change }
  /** The input changed nothing, and nobody waits for an answer. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: string; readonly message?: string }
  /** The game's code threw something other than a refusal, which is a defect of the game. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** Time and randomness, injected so that tests control them. */
export interface RoomSurroundings {
  now(): number;
  random(): number;
}

export interface RoomPlayer {
  readonly user: UserId;
  readonly name: string;
}

/** The error of a start when the game refuses the options of the room. */
export class RoomOptionsError extends Error {}

/**
 * The rules of a room as pure functions. A value and an input give the next value and its change, or a refusal. A handler writes
 * only to a draft, so a handler that throws or rejects has changed nothing.
 */
export class RoomMachine<State = unknown> {
  constructor(
    readonly rules: RoomRules<State>,
    private readonly surroundings: RoomSurroundings,
  ) {}

  /**
   * Makes version 0 of a room, with the events of its setup. `round`: the number of the game in this room. `tenure`: the id of
   * this start, for the keys of effects. `options`: the options of the room, as received. Throws what the game throws.
   * @throws RoomOptionsError when the game refuses the options
   */
  start(
    room: RoomId,
    players: readonly RoomPlayer[],
    round = 0,
    tenure?: string,
    options?: unknown,
  ): { value: RoomValue<State>; events: readonly ChangeEvent[] } {
    const { definition } = this.rules;
    const known = plainCopy(players, 'players');
    const seats = known.map(({ user, name }) => ({ user, name, presence: 'here' as const, seq: 0, refused: [] }));
    const empty = {
      room,
      ...(round > 0 && { round }),
      game: definition.name,
      gameVersion: definition.version,
      version: 0,
      seats,
      timers: {},
      state: undefined as State,
      outbox: [],
    };
    const turn = new Turn<State>(empty, this.surroundings, this.rules, SETUP, -1);
    turn.options = validOptions(this.rules, options);
    const made = this.rules.setup(turn as Setup);
    if (typeof made !== 'object' || made === null) throw new Error(`the setup of ${definition.name} made no object for a state`);
    let state: State = plainCopy<State>(made);
    const joined = turn.ended ? undefined : this.rules.seatEvents.get('joined');
    if (joined) {
      for (const seat of seats.keys()) {
        turn.seat = seat;
        turn.handling = { kind: 'seat', seat, event: 'joined' };
        [state] = draft(state, turn, joined);
      }
    }
    const timers = Object.fromEntries(Object.entries(turn.timers ?? {}).filter(([, due]) => due !== null)) as Record<string, number>;
    const value = { ...empty, state, timers, outbox: pendingEffects(empty, 0, keyedEffects(empty, 0, turn.effects, tenure)) };
    return { value: turn.ended ? { ...value, ended: turn.ended } : value, events: turn.events };
  }

  /**
   * Handles one input.
   * @param refused commands refused since the last change, by seat; this change records them
   * @param tenure the owner's epoch, for the keys of effects
   */
  handle(value: RoomValue<State>, input: RoomInput, refused?: ReadonlyMap<Seat, readonly Refusal[]>, tenure?: string): RoomOutcome<State> {
    const outcome = this.outcomeOf(value, input, refused);
    if (outcome.kind !== 'changed' || tenure === undefined || outcome.change.effects === undefined) return outcome;
    return withKeys(value, outcome, tenure);
  }

  private outcomeOf(
    value: RoomValue<State>,
    input: RoomInput,
    refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
  ): RoomOutcome<State> {
    // After the end, only the completion of the last change's effects is recorded.
    if (value.ended && input.kind !== 'effects-done') return { kind: 'refused', code: 'game-ended' };
    switch (input.kind) {
      case 'command':
        return this.command(value, input, refused);
      case 'timer': {
        if (!Object.hasOwn(value.timers, input.name)) return { kind: 'unchanged' };
        const leaver = seatOfLeaveTimer(input.name);
        if (leaver !== null) return this.seatEvent(value, { kind: 'seat', seat: leaver, event: 'left' }, refused);
        const run = this.rules.timers.get(input.name);
        return this.run(value, input, -1, run ?? (() => {}), refused, { timers: { [input.name]: null } });
      }
      case 'step': {
        const { step, definition } = this.rules;
        if (!step) return { kind: 'unchanged' };
        return this.run(value, input, -1, (room) => step(room, 1_000 / definition.stepHz), refused);
      }
      case 'paused':
        return this.paused(value, input, refused);
      case 'seat':
        return this.seatEvent(value, input, refused);
      case 'effects-done':
        return this.record(value, { effectsDone: input.keys }, refused);
      case 'end':
        return this.record(value, { ended: input.result }, refused);
    }
  }

  /**
   * Returns what `seat` may see of `state`. Null: a spectator. The state is frozen first, so a view that writes to it throws.
   * @throws UnstorableError, or what the game throws
   */
  view(state: State, seat: Seat | null): unknown {
    return this.rules.view ? plainCopy(this.rules.view(freezeDeep(state), seat), 'view') : state;
  }

  /**
   * Returns the patches from what `seat` sees of `before` to what it sees of `after`. Freezing a state costs as much as computing
   * the patches, so only one version in `FROZEN_EVERY` is frozen. A view that writes to the state may therefore fail a few
   * changes late.
   * @throws UnstorableError, or what the game throws
   */
  viewPatches(before: RoomValue<State>, after: RoomValue<State>, seat: Seat | null): readonly Patch[] {
    const { view } = this.rules;
    if (!view) return diff(before.state, after.state);
    if (after.version % FROZEN_EVERY === 0) freezeDeep(after.state);
    return diff(view(before.state, seat), view(after.state, seat), 'view');
  }

  private command(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'command' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const rule: CommandRule<State> | undefined = this.rules.commands.get(input.name);
    if (!rule) return { kind: 'refused', code: 'unknown-command' };
    const run = (room: GameRoom<State>): void => {
      const validation = rule.validate(input.data);
      if (!validation.ok) return room.reject('bad-data', validation.message);
      return rule.run(room, validation.value);
    };
    return this.run(value, input, input.seat, run, refused, { seat: { seq: input.seq } });
  }

  private paused(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'paused' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const { ms } = input;
    const due = Object.entries(value.timers);
    const { paused } = this.rules;
    // Nothing in this room depends on time.
    if (due.length === 0 && !paused) return { kind: 'unchanged' };
    const timers = Object.fromEntries(due.map(([name, at]) => [name, at + ms]));
    // Recorded even when the game changes nothing, so that the next owner knows that this downtime is already compensated.
    return this.run(value, input, -1, paused ? (room) => paused(room, ms) : () => {}, refused, { timers });
  }

  private seatEvent(
    value: RoomValue<State>,
    input: RoomInput & { kind: 'seat' },
    refused?: ReadonlyMap<Seat, readonly Refusal[]>,
  ): RoomOutcome<State> {
    const { seat, event } = input;
    const presence = PRESENCE_AFTER[event];
    const before = value.seats[seat]?.presence;
    // A seat that was left stays left: its player may be in another room by now.
    if (before === undefined || before === presence || before === 'left') return { kind: 'unchanged' };
    // The grace period is a timer of the room, so it ends on whichever server owns the room then.
    const timers = { [leaveTimerOf(seat)]: event === 'away' ? this.surroundings.now() + this.rules.definition.seatGraceMs : null };
    const everyoneLeft = event === 'left' && value.seats.every((other, index) => index === seat || other.presence === 'left');
    const handler = this.rules.seatEvents.get(event) ?? (() => {});
    return this.run(value, input, seat, handler, refused, {
      seat: { presence },
      timers,
      ended: everyoneLeft ? { reason: 'abandoned' } : undefined,
    });
  }

  /** Makes a change without running code of the game. */
  private record(
    value: RoomValue<State>,
    what: Partial<Change>,
    refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
  ): RoomOutcome<State> {
    const seats = seatChanges(-1, undefined, refused);
    const change: Change = { version: value.version + 1, at: this.surroundings.now(), patches: [], ...what, ...(seats && { seats }) };
    return { kind: 'changed', value: withChange(value, change, value.state), change };
  }

  private run(
    value: RoomValue<State>,
    input: RoomInput,
    seat: Seat,
    handler: (room: GameRoom<State>) => void,
    refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
    own: { seat?: SeatChange; timers?: Record<string, number | null>; ended?: GameResult } = {},
  ): RoomOutcome<State> {
    const seen = own.seat?.presence === undefined ? value : withPresence(value, seat, own.seat.presence);
    const turn = new Turn<State>(seen, this.surroundings, this.rules, input, seat, own.timers);
    let state: State;
    let patches: readonly Patch[];
    try {
      [state, patches] = draft(value.state, turn, handler);
    } catch (error) {
      if (!(error instanceof Rejection)) return { kind: 'failed', error };
      if (own.seat?.seq !== undefined) return { kind: 'refused', code: error.code, message: error.text };
      // No player waits for an answer to this input. It still takes effect, such as the presence of a seat, but the handler's edits
      // are dropped.
      return this.run(value, input, seat, () => {}, refused, own);
    }
    const seats = seatChanges(seat, own.seat, refused);
    if (patches.length === 0 && !turn.didSomething && seats === undefined) return { kind: 'unchanged' };
    const change: Mutable<Change> = { version: value.version + 1, at: turn.now, patches };
    if (turn.events.length > 0) change.events = turn.events;
    if (turn.effects.length > 0) change.effects = turn.effects;
    if (seats) change.seats = seats;
    if (turn.timers) change.timers = turn.timers;
    const ended = turn.ended ?? own.ended;
    if (ended) change.ended = ended;
    return { kind: 'changed', value: withChange(value, change, state), change };
  }
}

/** Returns the outcome with keys for the effects of its change. */
function withKeys<State>(
  before: RoomValue<State>,
  { value, change: { effects = [], ...rest } }: Extract<RoomOutcome<State>, { kind: 'changed' }>,
  tenure: string,
): RoomOutcome<State> {
  const change = { ...rest, effects: keyedEffects(before, rest.version, effects, tenure) };
  return { kind: 'changed', value: withChange(before, change, value.state), change };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const PRESENCE_AFTER = { joined: 'here', back: 'here', away: 'away', left: 'left' } as const satisfies Record<SeatEvent, Presence>;

const LEAVE_TIMER = '$left:';
/** One state in this many versions is frozen for its views. */
const FROZEN_EVERY = 16;

function leaveTimerOf(seat: Seat): string {
  return LEAVE_TIMER + seat;
}

function seatOfLeaveTimer(timer: string): Seat | null {
  return timer.startsWith(LEAVE_TIMER) ? Number(timer.slice(LEAVE_TIMER.length)) : null;
}

/**
 * Runs a handler on a draft of the state. The patches are the difference of the two states, not a record of edits: a handler may
 * put one object in two places and edit it through either. The next state is `before` with these patches applied. It shares
 * nothing with the handler's objects, which the game may keep and change.
 */
function draft<State>(before: State, turn: Turn<State>, handler: (room: GameRoom<State>) => void): [State, readonly Patch[]] {
  let after: State;
  try {
    after = create(before as object, (drafted) => {
      turn.draft = drafted as State;
      // The return value is ignored. A promise is refused, because its work would come after the change is made.
      const returned: unknown = handler(turn as unknown as GameRoom<State>);
      if (returned instanceof Promise) throw new Error('a handler must not be async: use room.effect for the outside world');
    }) as State;
  } catch (error) {
    if (error instanceof TypeError && /revoked/.test(error.message))
      throw new UnstorableError('state', 'was given a part of itself that an earlier handler got, and that is valid there only', error);
    throw error;
  }
  const { next, patches } = difference(before, after);
  return [next, patches];
}

function seatChanges(
  seat: Seat,
  own: SeatChange | undefined,
  refused: ReadonlyMap<Seat, readonly Refusal[]> | undefined,
): Record<Seat, SeatChange> | undefined {
  if (own === undefined && (refused === undefined || refused.size === 0)) return undefined;
  const changes: Record<Seat, SeatChange> = {};
  if (refused) for (const [refusedSeat, refusals] of refused) changes[refusedSeat] = { refused: refusals };
  if (own) changes[seat] = { ...changes[seat], ...own };
  return changes;
}

function withPresence<State>(value: RoomValue<State>, seat: Seat, presence: Presence): RoomValue<State> {
  return { ...value, seats: value.seats.map((before, index) => (index === seat ? { ...before, presence } : before)) };
}

/** Returns the options as the game's schema gives them. @throws RoomOptionsError */
function validOptions<State>({ options: validate, definition }: RoomRules<State>, given: unknown): unknown {
  if (given === undefined) return undefined;
  const checked: Validation = validate?.(given) ?? { ok: false, message: `The game ${definition.name} takes no options.` };
  if (!checked.ok) throw new RoomOptionsError(checked.message);
  return checked.value;
}

class Rejection extends Error {
  constructor(
    readonly code: string,
    readonly text: string | undefined,
  ) {
    super(code);
  }
}

/** The `room` object during one run of a handler. It also collects the events, effects and timers that the handler requests. */
class Turn<State> implements GameRoom<State> {
  draft: State | undefined;
  readonly events: ChangeEvent[] = [];
  readonly effects: ChangeEffect[] = [];
  ended: GameResult | undefined;
  /** The validated options of the room, for `setup` only. */
  options: unknown;
  readonly now: number;
  private seatInfos: readonly SeatInfo[] | undefined;

  constructor(
    private readonly value: RoomValue<State>,
    private readonly surroundings: RoomSurroundings,
    private readonly rules: RoomRules<State>,
    /** The input that the game is handling, for error messages. */
    public handling: Handling,
    public seat: Seat,
    public timers?: Record<string, number | null>,
  ) {
    this.now = surroundings.now();
  }

  get id(): string {
    return this.value.room;
  }

  get state(): State {
    return this.draft as State;
  }

  get seats(): readonly SeatInfo[] {
    this.seatInfos ??= this.value.seats.map(({ user, name, presence }, seat) => ({ seat, user, name, presence }));
    return this.seatInfos;
  }

  get didSomething(): boolean {
    return this.events.length > 0 || this.effects.length > 0 || this.timers !== undefined || this.ended !== undefined;
  }

  random(): number {
    return this.surroundings.random();
  }

  schedule(timer: string, ms: number): void {
    if (!this.rules.timers.has(timer)) throw this.mistake(this.describeUnknownTimer('schedule', timer));
    // NaN fails both comparisons. A string would pass them and then be concatenated with the time.
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= TIMER_MS_MAX)) {
      throw this.mistake(`room.schedule('${timer}', …) is given ${quoted(ms)}: the time is in ms, from 0 to ${TIMER_MS_MAX}.`);
    }
    this.timers = { ...this.timers, [timer]: Math.round(this.now + ms) };
  }

  cancel(timer: string): void {
    if (this.remainingOf('cancel', timer) !== null) this.timers = { ...this.timers, [timer]: null };
  }

  remaining(timer: string): number | null {
    return this.remainingOf('remaining', timer);
  }

  emit(name: string, data?: unknown, to?: readonly Seat[]): void {
    if (!isName(name)) throw this.mistake(`room.emit is given ${quoted(name)} as the name of an event: ${NAME_ALLOWED}.`);
    assertPlainName(name, 'event');
    // With `if (to)`, a call with 0 instead of `[0]` would send the event to everybody.
    if (to !== undefined) this.refuseUnknownSeats(name, to);
    const copy = data === undefined ? undefined : plainCopy(data, `event ${name}: data`);
    this.events.push({ name, ...(data !== undefined && { data: copy }), ...(to !== undefined && { to: [...to] }) });
  }

  effect(name: string, data?: unknown): void {
    const { effects } = this.rules;
    if (effects ? !effects.has(name) : !isName(name)) throw this.mistake(this.describeUnknownEffect(name));
    assertPlainName(name, 'effect');
    this.effects.push({ name, ...(data !== undefined && { data: plainCopy(data, `effect ${name}: data`) }) });
  }

  end(result?: unknown): void {
    this.ended = { reason: 'finished', ...(result !== undefined && { result: plainCopy(result, 'result') }) };
  }

  reject(code: string, message?: string): never {
    if (!isName(code) || !code.isWellFormed()) throw this.mistake(`room.reject is given ${quoted(code)} as a code: ${NAME_ALLOWED}.`);
    if (code === MOVED) throw this.mistake(`room.reject('${MOVED}') is given a code that only the server may use: choose another.`);
    throw new Rejection(code, message === undefined ? undefined : String(message).toWellFormed());
  }

  /**
   * Returns the time until a timer is due, in ms. Null: it is not running. Throws for a name without a handler, unless a timer of this name
   * is running: it comes from an older version of the game, and may be cancelled.
   */
  private remainingOf(call: string, timer: string): number | null {
    const due = this.timers && Object.hasOwn(this.timers, timer) ? this.timers[timer]! : (this.value.timers[timer] ?? null);
    if (!this.rules.timers.has(timer) && (due === null || isOwnTimer(timer))) throw this.mistake(this.describeUnknownTimer(call, timer));
    return due === null ? null : Math.max(0, due - this.now);
  }

  private refuseUnknownSeats(event: string, to: readonly Seat[]): void {
    const last = this.value.seats.length - 1;
    if (!Array.isArray(to)) throw this.mistake(`room.emit('${event}', …) is given ${quoted(to)} for its seats: give an array of seats.`);
    for (const seat of to) {
      if (Number.isInteger(seat) && seat >= 0 && seat <= last) continue;
      throw this.mistake(`room.emit('${event}', …) is for seat ${quoted(seat)}, which does not exist: this room has seats 0 to ${last}.`);
    }
  }

  private describeUnknownTimer(call: string, timer: unknown): string {
    if (isOwnTimer(timer)) return `room.${call}(${quoted(timer)}): names that begin with $ are the room's own.`;
    const known = listed(this.rules.timers.keys());
    return `room.${call}(${quoted(timer)}) names a timer that no @OnTimer handles. Handled are: ${known}. Add a method with @OnTimer, or correct the name.`;
  }

  private describeUnknownEffect(name: unknown): string {
    if (!this.rules.effects) return `room.effect is given ${quoted(name)} as the name of an effect: ${NAME_ALLOWED}.`;
    const known = listed(this.rules.effects);
    return `room.effect(${quoted(name)}) names an effect that no @EffectHandler handles. Handled are: ${known}. Add a provider with @EffectHandler to the game's module, or correct the name.`;
  }

  private mistake(mistake: string): GameMistake {
    return new GameMistake(this.rules.definition.name, this.value.room, this.handling, mistake);
  }
}

const SETUP = { kind: 'setup' } as const;
/** Longest time of a timer, in ms: a hundred years. A longer time is an error in the unit. */
const TIMER_MS_MAX = 100 * 365 * 86_400_000;
const NAME_CHARS_MAX = 64;
const NAME_ALLOWED = `give a text of 1 to ${NAME_CHARS_MAX} characters`;
/**
 * An owner refuses commands with this code while it migrates the room. A player does not receive it, because the next owner handles the
 * command.
 */
const MOVED = 'moved';

function isName(name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= NAME_CHARS_MAX;
}

function isOwnTimer(timer: unknown): boolean {
  return typeof timer === 'string' && timer.startsWith('$');
}
