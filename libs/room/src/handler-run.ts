import { type GameResult, ROOM_METADATA_BYTES_MAX, type RoomMetadata, type Seat, type UserId } from '#libs/protocol';
import { AWAITED_RESULTS_MAX, resultTimerOf } from './effect-result.js';
import { GameMistake, type Handling, listed, quoted } from './game-mistake.js';
import type { PastStates } from './past-states.js';
import { assertPlainName, freezeDeep, plainCopy } from './plain-data.js';
import { rankingFlaw } from './ranking.js';
import type { RoomSurroundings } from './room-input.js';
import type { EmitOptions, GameRoom, RoomRules, SeatInfo } from './room-rules.js';
import type { ChangeEffect, ChangeEvent, RoomValue, SeatChange, SeatOccupant, SeatValue } from './room-value.js';
import type { SampledInput } from './seat-inputs.js';

/** The `room` object of one handler run. It also collects the requests of the handler, such as events and timers. */
export class HandlerRun<State> implements GameRoom<State> {
  draft: State | undefined;
  readonly events: ChangeEvent[] = [];
  readonly effects: ChangeEffect[] = [];
  ended: GameResult | undefined;
  /** True: the handler has locked the room. False: the handler has unlocked the room. Undefined: the handler has not changed the lock. */
  locked: boolean | undefined;
  /**
   * The metadata that the handler has set. Null: the handler has removed the metadata. Undefined: the handler has not changed the metadata.
   */
  metadata: RoomMetadata | null | undefined;
  /** Seats whose bot the handler has added or removed. Undefined: none. */
  botSeats: Record<Seat, SeatChange> | undefined;
  /** The options of the room, for `setup` only. */
  options: unknown;
  /** True: the handler is the setup of the game, or a `joined` handler that runs as a part of the setup. */
  isInSetup = false;
  /** The player input that each seat holds down, by seat. Undefined: none. Only a step has player inputs. */
  sampled: readonly (SampledInput | undefined)[] = NO_INPUTS;
  /** The earlier states, for `room.past`. Undefined: there are none. */
  history: PastStates<State> | undefined;
  /** The state before this handler. */
  before: State | undefined;
  /** The seat that a player takes with this input. -1: none. */
  taken: Seat = -1;
  readonly now: number;
  private seatInfos: readonly SeatInfo[] | undefined;
  private occupied: readonly SeatValue[];

  constructor(
    private readonly value: RoomValue<State>,
    private readonly surroundings: RoomSurroundings,
    private readonly rules: RoomRules<State>,
    /** The input that the handler processes, for error messages. */
    public handling: Handling,
    public seat: Seat,
    public timers?: Record<string, number | null>,
  ) {
    this.now = surroundings.now();
    this.occupied = value.seats;
  }

  get id(): string {
    return this.value.room;
  }

  get loaded(): unknown {
    return freezeDeep(this.value.loaded);
  }

  get state(): State {
    return this.draft as State;
  }

  get seats(): readonly SeatInfo[] {
    this.seatInfos ??= this.occupied.map(({ user, name, presence, bot, claims, team }, seat) => ({
      seat,
      user,
      name,
      presence,
      ...(claims && { claims: freezeDeep(claims) }),
      ...(team !== undefined && { team }),
      ...(bot && { bot }),
    }));
    return this.seatInfos;
  }

  get didSomething(): boolean {
    return (
      this.events.length > 0 ||
      this.effects.length > 0 ||
      this.timers !== undefined ||
      this.ended !== undefined ||
      this.locked !== undefined ||
      this.metadata !== undefined ||
      this.botSeats !== undefined
    );
  }

  random(): number {
    return this.surroundings.random();
  }

  schedule(timer: string, ms: number): void {
    if (!this.rules.timers.has(timer)) throw this.mistake(this.describeUnknownTimer('schedule', timer));
    // Tests the type, because a string would pass both comparisons, and its sum with the time would be a string. NaN fails both
    // comparisons.
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

  emit(name: string, data?: unknown, options?: readonly Seat[] | EmitOptions): void {
    if (!isName(name)) throw this.mistake(`room.emit is given ${quoted(name)} as the name of an event: ${NAME_ALLOWED}.`);
    assertPlainName(name, 'event');
    const { to, volatile } = isSeats(options) ? { to: options, volatile: false } : options;
    // Does not test `if (to)`. For the seat 0 instead of the list [0], that test would send the event to everybody.
    if (to !== undefined) this.refuseUnknownSeats(name, to);
    const copy = data === undefined ? undefined : plainCopy(data, `event ${name}: data`);
    this.events.push({
      name,
      ...(data !== undefined && { data: copy }),
      ...(to !== undefined && { to: [...to] }),
      ...(volatile === true && { volatile }),
    });
  }

  effect(name: string, data?: unknown): void {
    const { effects } = this.rules;
    if (effects ? !effects.has(name) : !isName(name)) throw this.mistake(this.describeUnknownEffect(name));
    assertPlainName(name, 'effect');
    const timer = this.startResultTimer(name);
    const copy = data !== undefined && { data: plainCopy(data, `effect ${name}: data`) };
    this.effects.push({ name, ...copy, ...(timer !== null && { timer }) });
  }

  /**
   * Starts the timer that ends the wait for the result of the next effect, and returns the name of the timer. Null: the game does not wait
   * for the result of this effect.
   */
  private startResultTimer(name: string): string | null {
    const rule = this.rules.results?.get(name);
    if (!rule) return null;
    const awaited = [...this.value.outbox, ...this.effects].filter((effect) => effect.timer !== undefined).length;
    if (awaited >= AWAITED_RESULTS_MAX) {
      const flaw = `${AWAITED_RESULTS_MAX} effects of this room wait for a result already`;
      if (this.handling.kind === 'command') throw new Rejection('busy', `${flaw}.`);
      throw this.mistake(`room.effect('${name}', …): ${flaw}. Ask for fewer at the same time.`);
    }
    const version = this.isInSetup ? 0 : this.value.version + 1;
    const timer = resultTimerOf(version, this.effects.length);
    this.timers = { ...this.timers, [timer]: Math.round(this.now + rule.timeoutMs) };
    return timer;
  }

  get isLocked(): boolean {
    return this.locked ?? this.value.locked === true;
  }

  lock(): void {
    if (!this.isLocked) this.locked = true;
  }

  unlock(): void {
    if (this.isLocked) this.locked = false;
  }

  setMetadata(metadata: RoomMetadata | null): void {
    const isObject = typeof metadata === 'object' && !Array.isArray(metadata);
    if (!isObject) throw this.mistake(`room.setMetadata is given ${quoted(metadata)}: give an object, or null to remove the metadata.`);
    const copy = metadata === null ? null : plainCopy(metadata, 'metadata');
    const bytes = new TextEncoder().encode(JSON.stringify(copy)).length;
    if (bytes > ROOM_METADATA_BYTES_MAX)
      throw this.mistake(`room.setMetadata is given ${bytes} bytes of JSON: at most ${ROOM_METADATA_BYTES_MAX} are allowed.`);
    this.metadata = copy;
  }

  addBot(name: string): Seat | null {
    if (!isName(name) || !name.isWellFormed()) throw this.mistake(`room.addBot is given ${quoted(name)} as a name: ${NAME_ALLOWED}.`);
    if (!this.rules.bot) throw this.mistake(`room.addBot('${name}') is called, but no code plays bots: add a method with @Bot.`);
    const left = this.occupied.findIndex(({ presence }, seat) => presence === 'left' && seat !== this.taken);
    const seat = left === -1 ? this.occupied.length : left;
    if (seat >= this.rules.definition.seats.max) return null;
    const joined: SeatOccupant = { user: `bot:${seat}` as UserId, name, bot: true };
    this.botSeats = { ...this.botSeats, [seat]: { joined } };
    this.occupy(seat, joined);
    return seat;
  }

  removeBot(seat: Seat): void {
    const bot = this.occupied[seat];
    if (!bot?.bot || bot.presence === 'left') return;
    this.botSeats = { ...this.botSeats, [seat]: { ...this.botSeats?.[seat], presence: 'left' } };
    this.setSeat(seat, { ...bot, presence: 'left' });
  }

  /** Makes the new player of a seat visible to the rest of the handler. */
  occupy(seat: Seat, occupant: SeatOccupant): void {
    this.setSeat(seat, { ...occupant, presence: 'here', seq: this.occupied[seat]?.seq ?? 0, refused: [] });
  }

  private setSeat(seat: Seat, value: SeatValue): void {
    const seats = this.occupied.slice();
    seats[seat] = value;
    this.occupied = seats;
    this.seatInfos = undefined;
  }

  end(result?: unknown): void {
    const copy = result === undefined ? undefined : plainCopy(result, 'result');
    const flaw = rankingFlaw(copy, this.occupied.length);
    if (flaw !== null) throw this.mistake(`room.end is given a ranking that ${flaw}.`);
    this.ended = { reason: 'finished', ...(copy !== undefined && { result: copy }) };
  }

  input(seat: Seat): unknown {
    const last = this.value.seats.length - 1;
    if (!this.rules.input)
      throw this.mistake(`room.input(${quoted(seat)}) is called, but the game has no inputs: add @Input(Schema) to its class.`);
    if (this.handling.kind !== 'step')
      throw this.mistake(`room.input(${quoted(seat)}) is called outside of a step: call it in the method with @OnStep.`);
    if (!(Number.isInteger(seat) && seat >= 0 && seat <= last))
      throw this.mistake(`room.input(${quoted(seat)}) is for a seat that does not exist: this room has seats 0 to ${last}.`);
    return this.sampled[seat]?.data;
  }

  past(ms: number): Readonly<State> {
    if (this.rules.definition.pastMs === undefined)
      throw this.mistake(`room.past(${quoted(ms)}) is called, but the game keeps no states: add pastMs to @Game, as in pastMs: 500.`);
    // Tests the type, because a string would pass the comparison and would then be subtracted from the time. NaN fails the comparison.
    if (typeof ms !== 'number' || !(ms >= 0)) throw this.mistake(`room.past(${quoted(ms)}): give a time in ms from 0.`);
    const state = ms > 0 && this.history ? this.history.at(this.now - ms) : this.before;
    return freezeDeep(state as State);
  }

  reject(code: string, message?: string): never {
    if (!isName(code) || !code.isWellFormed()) throw this.mistake(`room.reject is given ${quoted(code)} as a code: ${NAME_ALLOWED}.`);
    if (code === MOVED) throw this.mistake(`room.reject('${MOVED}') is given a code that only the server may use: choose another.`);
    throw new Rejection(code, message === undefined ? undefined : String(message).toWellFormed());
  }

  /** Accepts a timer without a handler, because an older version of the game has possibly started it. */
  private remainingOf(call: string, timer: string): number | null {
    const due = this.timers && Object.hasOwn(this.timers, timer) ? this.timers[timer]! : (this.value.timers[timer] ?? null);
    if (!this.rules.timers.has(timer) && (due === null || isOwnTimer(timer))) throw this.mistake(this.describeUnknownTimer(call, timer));
    return due === null ? null : Math.max(0, due - this.now);
  }

  private refuseUnknownSeats(event: string, to: readonly Seat[]): void {
    const last = this.occupied.length - 1;
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

/** The error that `room.reject` throws. */
export class Rejection extends Error {
  constructor(
    readonly code: string,
    readonly text: string | undefined,
  ) {
    super(code);
  }
}

const NO_INPUTS: readonly SampledInput[] = [];
/** A hundred years, in ms. A game that asks for a longer duration probably uses a wrong unit. */
const TIMER_MS_MAX = 100 * 365 * 86_400_000;
const NAME_CHARS_MAX = 64;
const NAME_ALLOWED = `give a text of 1 to ${NAME_CHARS_MAX} characters`;
/**
 * The code with which an owner refuses commands while it migrates the room. It is not the result of the command, because the next owner
 * handles the command.
 */
const MOVED = 'moved';

/** True when the value is meant as a list of seats, even if the list is invalid. False when it is an options object. */
function isSeats(given: readonly Seat[] | EmitOptions | undefined): given is readonly Seat[] | undefined {
  return given === null || typeof given !== 'object' || Array.isArray(given);
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= NAME_CHARS_MAX;
}

function isOwnTimer(timer: unknown): boolean {
  return typeof timer === 'string' && timer.startsWith('$');
}
