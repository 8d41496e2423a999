import type { DynamicModule, ModuleMetadata, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Claims, type GameResult, pack, type RoomId, type RoomMetadata, type Seat, type UserId } from '#libs/protocol';
import {
  applyChange,
  type Change,
  type ChangeEvent,
  EFFECT_FAILED,
  type EffectName,
  type EffectReply,
  type EffectResultOf,
  firstDifference,
  freezeDeep,
  listed,
  PastStates,
  type PendingEffect,
  type RoomInput,
  RoomMachine,
  type RoomOutcome,
  type RoomPlayer,
  type RoomRules,
  type RoomValue,
  type SeatEvent,
  type SeatInfo,
  SeatInputs,
  STATE_BYTES_MAX_DEFAULT,
  seededRandom,
  UnstorableError,
} from '#libs/room';
import { type Effect, HandlerRefusal } from './effect.js';
import type { EffectHandlers } from './effect-handlers.js';
import { gameOptionsOf } from './game.decorator.js';
import { GameKitModule } from './game-kit.module.js';
import { GameRegistry } from './game-registry.js';
import type { CommandCallsOf, GameRules, GameStateOf, TypesOf } from './game-rules.js';
import { SyncRecorder } from './sync-recorder.js';
import type { SyncTraffic } from './sync-traffic.js';

/** The options of `GameTest.create`. Only `players` is required. */
export interface GameTestOptions {
  /** The players, in the order of their seats. A player is a name, or a name with claims. */
  readonly players: readonly (string | { readonly name: string; readonly claims?: Claims })[];
  /** The teams of the players, in the order of their seats. Default: the room has no teams. */
  readonly teams?: readonly number[];
  /** Providers that the constructor of the game needs. */
  readonly providers?: ModuleMetadata['providers'];
  /** Modules that provide the dependencies of the game, such as `[TicTacToeModule.forRoot({ turnMs: 5_000 })]`. */
  readonly imports?: ModuleMetadata['imports'];
  /**
   * The options of the room, as a player sends them. Default: the room has no options. `create` throws when the game refuses the options.
   */
  readonly options?: unknown;
  /** The mode of the match. Default: no mode. */
  readonly mode?: string;
  /** The seed of `room.random`. Two tests with the same seed get the same random numbers. */
  readonly seed?: number;
  /** The start time of the test, in ms since 1970. */
  readonly now?: number;
  /**
   * Names of effects without a handler in this test. `room.effect` fails for a name that is not in this list and has no `@EffectHandler` in
   * `providers` or `imports`. Without a list and without handlers, `room.effect` accepts every name.
   */
  readonly effects?: readonly string[];
  /**
   * Handlers by the name of the effect. `settle` calls them instead of the handlers of the providers. A handler may be async, and may throw
   * `refuse(…)`.
   */
  readonly handlers?: Readonly<Record<string, (effect: Effect<never>) => unknown>>;
  /** The result of the game's `@OnLoad` method. Default: the test calls this method, if a provider has such a method. */
  readonly loaded?: unknown;
  /** Maximum size of the room's value in bytes of MessagePack, like `ROOM_STATE_BYTES_MAX` of a server. Default: 262144. */
  readonly stateBytesMax?: number;
}

/** The error that a command of `GameTest.as` throws when the rules refuse it. `code` is the code of the refusal. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message?: string,
  ) {
    super(message ? `${code}: ${message}` : code);
    this.name = 'Refused';
  }
}

/**
 * Plays a game's rules in a unit test, without a server, with its own clock and random numbers. After every change it checks that the state
 * is plain data and not too large. It also checks that the recorded change leads from the previous state to the new state.
 */
export class GameTest<Rules extends GameRules<unknown>> {
  /** All events emitted so far. */
  readonly events: ChangeEvent[] = [];
  /** All recorded changes since the start. */
  readonly changes: Change[] = [];
  private readonly machine: RoomMachine;
  private value: RoomValue;
  private clock: number;
  /** Step n is due at `stepsBeganAt` plus n periods. */
  private stepsBeganAt: number;
  private nextStep = 1;
  /** The n-th move of a bot is due at `stepsBeganAt` plus n of the bot's periods. */
  private nextMove = 1;
  private readonly seqs: number[];
  private readonly inputs: SeatInputs | null;
  private readonly past: PastStates | undefined;
  private inputNumber = 0;
  private recorder: SyncRecorder | null = null;
  private readonly stateBytesMax: number;
  private readonly handlers: NonNullable<GameTestOptions['handlers']>;

  /**
   * Creates a room of the game and starts it: loads its data, runs `setup`, and lets the players join.
   *
   * @throws an error that names the reason when the game is not valid, refuses `options`, or cannot load its data
   *
   * @example
   * const game = await GameTest.create(TicTacToe, { players: ['Ann', 'Bob'] });
   * game.as(0).place({ cell: 4 });
   */
  static async create<Rules extends GameRules<unknown>>(game: Type<Rules>, options: GameTestOptions): Promise<GameTest<Rules>> {
    const module: DynamicModule = {
      module: GameTestModule,
      imports: [GameKitModule, ...(options.imports ?? [])],
      providers: [...(options.imports ? [] : [game]), ...(options.providers ?? [])],
    };
    const application = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    const registry = application.get(GameRegistry);
    const name = gameOptionsOf(game)?.name;
    const rules = name === undefined ? undefined : registry.get(name);
    if (!rules) {
      const there = listed(registry.all().map(({ definition }) => definition.name));
      throw new Error(
        `${game.name} is not a game of this test: it needs @Game, and its module must be among the imports. Games of this test are: ${there}.`,
      );
    }
    const handled = registry.effectHandlers.namesOf(rules.definition.name);
    const effects = new Set([...handled, ...(options.effects ?? []), ...Object.keys(options.handlers ?? {})]);
    const table = { ...rules, effects: options.effects || effects.size > 0 ? effects : null };
    return new GameTest<Rules>(table, { ...options, loaded: await loadedOf(rules, options) }, registry.effectHandlers);
  }

  private constructor(
    private readonly rules: RoomRules,
    {
      players,
      teams,
      seed = 1,
      now = START,
      options,
      mode,
      loaded,
      handlers = {},
      stateBytesMax = STATE_BYTES_MAX_DEFAULT,
    }: GameTestOptions,
    private readonly effectHandlers: EffectHandlers,
  ) {
    this.handlers = handlers;
    this.stateBytesMax = stateBytesMax;
    const { name, seats } = rules.definition;
    if (players.length < seats.min || players.length > seats.max) {
      throw new Error(`${name} is for ${seats.min} to ${seats.max} players, not ${players.length}`);
    }
    this.clock = now;
    this.stepsBeganAt = now;
    this.seqs = players.map(() => 0);
    let made: unknown;
    const setup: RoomRules['setup'] = (room) => {
      made = rules.setup(room);
      return made;
    };
    this.machine = new RoomMachine({ ...rules, setup }, { now: () => this.clock, random: seededRandom(seed) });
    const { value, events } = this.inPlainData('after setup', () =>
      this.machine.start(ROOM, playersOf(players, teams), 0, undefined, options, loaded, mode),
    );
    this.value = value;
    const { pastMs } = rules.definition;
    this.past = pastMs === undefined ? undefined : new PastStates(pastMs, value.state, now);
    this.inputs = rules.input ? new SeatInputs(rules.input.queue, value.seats) : null;
    this.checkSize('setup');
    this.events.push(...events);
    freezeDeep(value.state);
    // Freezes `made`, the state that `setup` returned. The room has a copy of it. If the game stores a reference to `made` and writes to it
    // later, a server would ignore the write without an error, but the test fails.
    freezeDeep(made);
  }

  /** The current state, frozen. */
  get state(): GameStateOf<Rules> {
    return this.value.state as GameStateOf<Rules>;
  }

  /** All effects requested so far. Only `settle` runs handlers of effects. */
  get effects(): readonly PendingEffect[] {
    return this.value.outbox;
  }

  /** The effects whose results the game waits for, oldest first. */
  get awaited(): readonly PendingEffect[] {
    return this.value.outbox.filter(({ timer }) => timer !== undefined);
  }

  /** Passes a result to the game, for the oldest awaited effect of this name. */
  result<Name extends EffectName<TypesOf<Rules>>>(name: Name, data: EffectResultOf<TypesOf<Rules>, Name>): void {
    this.reply(this.awaitedOf(name), { ok: true, data });
  }

  /** Passes a failure to the game, for the oldest awaited effect of this name, as if the handler had thrown `refuse(code, message)`. */
  fail(name: EffectName<TypesOf<Rules>>, code: string, message = ''): void {
    this.reply(this.awaitedOf(name), { ok: false, code, message });
  }

  /**
   * Runs the handlers of all awaited effects and passes their results to the game, until the game waits for no result. A handler that
   * throws is not repeated: its effect fails with `effect-failed`.
   */
  async settle(): Promise<void> {
    for (let effect = this.awaited[0]; effect && !this.ended; effect = this.awaited[0]) this.reply(effect, await this.replyTo(effect));
  }

  private async replyTo({ name, key, data }: PendingEffect): Promise<EffectReply> {
    const handler = this.handlers[name] ?? this.effectHandlers.get(this.name, name);
    if (!handler) throw new Error(`${this.name}: nothing handles the effect '${name}'; add it to \`handlers\` of GameTest.create`);
    try {
      return { ok: true, data: await (handler as (effect: Effect) => unknown)({ key, roomId: ROOM, data }) };
    } catch (error) {
      if (error instanceof HandlerRefusal) return { ok: false, code: error.code, message: error.message };
      return { ok: false, code: EFFECT_FAILED, message: String(error) };
    }
  }

  private awaitedOf(name: string): PendingEffect {
    const effect = this.awaited.find((one) => one.name === name);
    if (effect) return effect;
    const there = listed(this.awaited.map((one) => one.name));
    throw new Error(`${this.name} does not wait for a result of '${name}'. It waits for: ${there}.`);
  }

  private reply({ key, name }: PendingEffect, reply: EffectReply): void {
    this.handle({ kind: 'result', key, name, reply }, `the result of '${name}'`);
  }

  /** The end of the game. Undefined: the game has not ended. `ended.result` is the argument of `room.end(result)`. */
  get ended(): GameResult | undefined {
    return this.value.ended;
  }

  /** The metadata that the list of rooms shows about the game (`room.setMetadata`). Undefined: there is no metadata. */
  get metadata(): RoomMetadata | undefined {
    return this.value.metadata;
  }

  /** The players and bots by seat. The list includes players who have left. */
  get seats(): readonly SeatInfo[] {
    return this.value.seats.map(({ user, name, presence, bot }, seat) => ({ seat, user, name, presence, ...(bot && { bot }) }));
  }

  get now(): number {
    return this.clock;
  }

  get version(): number {
    return this.value.version;
  }

  /** Due times of the game's running timers by name, in ms since 1970. */
  get timers(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(this.value.timers).filter(([timer]) => !timer.startsWith('$')));
  }

  /** Returns the game's commands as functions of this seat: `game.as(0).place({ cell: 4 })`. A refused command throws `Refused`. */
  as(seat: Seat): CommandCallsOf<Rules> {
    const commands = [...this.rules.commands.keys()].map((name) => [
      name,
      (data?: unknown) => {
        const outcome = this.give(seat, name, data);
        if (outcome.kind === 'refused') throw new Refused(outcome.code, outcome.message);
      },
    ]);
    return Object.fromEntries(commands) as CommandCallsOf<Rules>;
  }

  /** Sends a command as a client does, with any name and data. Returns the code of the refusal, or null when the command was applied. */
  command(seat: Seat, name: string, data?: unknown): string | null {
    const outcome = this.give(seat, name, data);
    return outcome.kind === 'refused' ? outcome.code : null;
  }

  /** Returns functions that trigger the seat events `away`, `back` and `left` for this seat. */
  seat(seat: Seat): Record<Exclude<SeatEvent, 'joined'>, () => void> {
    const happens = (event: Exclude<SeatEvent, 'joined'>) => () =>
      void this.handle({ kind: 'seat', seat, event }, `${event} of seat ${seat}`);
    return { away: happens('away'), back: happens('back'), left: happens('left') };
  }

  /**
   * Lets a player join the running game, and returns the player's seat. Default for `seat`: the first seat whose player has left, else a
   * new seat after the last seat.
   */
  join(name: string, seat = this.freeSeat()): Seat {
    this.handle({ kind: 'seat', seat, event: 'joined', user: `user-of-${name}` as UserId, name }, `joined of seat ${seat}`);
    this.seqs[seat] ??= 0;
    return seat;
  }

  /**
   * Lets the bot of this seat make one move. Returns whether the move has changed the game. A move that is a player input changes the game
   * only at the next step. Throws `Refused` when the move is not valid (`bad-data`). A server would ignore an invalid move.
   */
  bot(seat: Seat): boolean {
    const outcome = this.handle({ kind: 'bot', seat, ...(this.inputs && { inputs: this.inputs }) }, `the bot of seat ${seat}`);
    if (outcome.kind === 'refused' && outcome.code === 'bad-data') throw new Refused(outcome.code, outcome.message);
    return outcome.kind === 'changed';
  }

  private freeSeat(): Seat {
    const left = this.value.seats.findIndex(({ presence }) => presence === 'left');
    return left === -1 ? this.value.seats.length : left;
  }

  /** Returns the state as this seat sees it, or as spectators see it when `seat` is null. */
  view(seat: Seat | null): unknown {
    const whose = seat === null ? 'spectators' : `seat ${seat}`;
    return this.inPlainData(`in the view of ${whose}`, () => this.machine.view(this.value.state, seat));
  }

  /** Advances the time. Timers, bots and steps run in the order in which they are due. */
  advance(ms: number): void {
    const until = this.clock + ms;
    let steps = 0;
    for (let next = this.nextDue(); next && next.at <= until && !this.ended; next = this.nextDue()) {
      if (++steps > RUNS_MAX)
        throw new Error(`${this.name}: more than ${RUNS_MAX} timers and steps in ${ms} ms; does a timer schedule itself without delay?`);
      this.clock = Math.max(this.clock, next.at);
      next.run();
    }
    this.clock = until;
  }

  /**
   * Sends a player input, as a client does. The next step samples the input. Throws when the schema of `@Input` refuses the data. A server
   * would ignore the data without an answer.
   */
  input(seat: Seat, data: unknown): void {
    this.refuseUnknownSeat(seat);
    const { input } = this.rules;
    if (!input || !this.inputs) throw new Error(`${this.name} has no inputs: add @Input(Schema) to the class of the game`);
    const validation = input.validate(data);
    if (!validation.ok) throw new Refused('bad-data', validation.message);
    this.inputNumber += 1;
    this.inputs.take(seat, this.inputNumber, data);
  }

  /** Advances the time until the next `count` steps have run. Timers that are due earlier run as well. */
  step(count = 1): void {
    const { stepHz } = this.rules.definition;
    if (stepHz === 0) throw new Error(`${this.name} has no steps: add a method with @OnStep(20)`);
    for (let left = count; left > 0; left--) this.advance(Math.max(0, this.nextStepAt - this.clock));
  }

  /**
   * Calls the function `act`. Returns the size of the compact syncs that a server would send to this seat during the call. `seat` null: the
   * syncs to a spectator.
   *
   * @example
   * const traffic = game.measure(0, () => game.step(200));
   * expect(traffic.bytesPerSecond).toBeLessThan(12_000);
   * console.log(String(traffic)); // a table of the bytes by path of the state
   */
  measure(seat: Seat | null, act: () => void): SyncTraffic {
    if (seat !== null) this.refuseUnknownSeat(seat);
    if (this.recorder) throw new Error(`${this.name}: measure is called within measure`);
    const recorder = new SyncRecorder(this.machine, seat, this.value, this.clock);
    this.recorder = recorder;
    try {
      act();
      return recorder.finish(this.clock);
    } finally {
      this.recorder = null;
    }
  }

  /**
   * Advances the time without running timers and steps, as on a busy server. Due timers and steps run at the next `advance`, so that a test
   * can send commands before them.
   */
  stall(ms: number): void {
    this.clock += ms;
  }

  /**
   * Simulates that the server dies and another server adopts the room `ms` later. Advances the time by `ms`, and delays all timers by `ms`.
   */
  pause(ms: number): void {
    this.clock += ms;
    this.stepsBeganAt = this.clock;
    this.nextStep = 1;
    this.nextMove = 1;
    this.past?.restart(this.value.state, this.clock);
    this.handle({ kind: 'paused', ms }, 'a pause');
  }

  private get name(): string {
    return this.rules.definition.name;
  }

  private get nextStepAt(): number {
    return this.stepsBeganAt + (this.nextStep * 1_000) / this.rules.definition.stepHz;
  }

  private nextDue(): Due | null {
    const due: Due[] = Object.entries(this.value.timers).map(([name, at]) => ({
      at,
      run: () => this.handle({ kind: 'timer', name }, `timer '${name}'`),
    }));
    // Bots move before a step that is due at the same time, so that the step samples the player inputs of the bots.
    const { bot, definition } = this.rules;
    if (bot) due.push({ at: this.stepsBeganAt + this.nextMove * bot.everyMs, run: () => this.moveBots() });
    if (definition.stepHz > 0) due.push({ at: this.nextStepAt, run: () => this.runStep() });
    return due.reduce<Due | null>((first, one) => (first && first.at <= one.at ? first : one), null);
  }

  private runStep(): void {
    this.nextStep += 1;
    this.handle(this.inputs ? { kind: 'step', inputs: this.inputs } : { kind: 'step' }, 'step');
  }

  private moveBots(): void {
    this.nextMove += 1;
    for (let seat = 0; seat < this.value.seats.length && !this.ended; seat++) {
      const { bot, presence } = this.value.seats[seat]!;
      if (bot && presence !== 'left') this.bot(seat);
    }
  }

  private give(seat: Seat, name: string, data: unknown): RoomOutcome<unknown> {
    this.refuseUnknownSeat(seat);
    this.seqs[seat]! += 1;
    return this.handle({ kind: 'command', seat, seq: this.seqs[seat]!, name, data }, `command '${name}'`);
  }

  private refuseUnknownSeat(seat: Seat): void {
    if (this.seqs[seat] !== undefined) return;
    throw new Error(`${this.name} is played by seats 0 to ${this.seqs.length - 1}; there is no seat ${seat}`);
  }

  private handle(input: RoomInput, what: string): RoomOutcome<unknown> {
    const before = this.value;
    const outcome = this.machine.handle(before, input, undefined, undefined, this.past);
    if (outcome.kind === 'failed') return this.inPlainData(`after ${what}`, () => raise(outcome.error));
    if (outcome.kind !== 'changed') return outcome;
    const { change, value } = outcome;
    this.value = value;
    if (value.state !== before.state) this.past?.add(value.state, change.at);
    this.changes.push(change);
    this.recorder?.changed(value, change, input.kind === 'step');
    freezeDeep(value.state);
    this.checkSize(what);
    const replayed = applyChange(before, asStored(change));
    const difference = firstDifference(replayed.state, value.state);
    if (difference)
      throw new Error(
        `${this.name}: after ${what}, the recorded change does not turn the previous state into the new one: they differ at ${difference}`,
      );
    this.events.push(...(change.events ?? []));
    return outcome;
  }

  /** Throws when the room's value exceeds `stateBytesMax`. A server would then refuse the command (`state-too-large`) or end the room. */
  private checkSize(what: string): void {
    const { version, outbox } = this.value;
    // Counts only the effects of the last change, because a server removes completed effects and `GameTest` keeps all effects.
    const own = outbox.filter(({ key }) => key.startsWith(`${ROOM}:${version}:`));
    const bytes = pack({ ...this.value, outbox: own }).length;
    if (bytes <= this.stateBytesMax) return;
    throw new Error(
      `${this.name}: after ${what}, the room has ${bytes} bytes; a server allows ${this.stateBytesMax} (ROOM_STATE_BYTES_MAX). Keep less in the state: the whole state is sent to each player who returns`,
    );
  }

  /** Returns the result of `act`. If `act` fails because of a value that is not plain data, adds `where` to the error. */
  private inPlainData<T>(where: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof UnstorableError)) throw error;
      throw new Error(`${this.name}: ${where}, ${error.message}`, { cause: error });
    }
  }
}

async function loadedOf({ load, definition }: RoomRules, { loaded, players, options }: GameTestOptions): Promise<unknown> {
  if (loaded !== undefined || !load) return loaded;
  const start = {
    roomId: ROOM,
    game: definition.name,
    key: 'test',
    options,
    seats: playersOf(players),
    signal: new AbortController().signal,
  };
  return load.run(start);
}

function playersOf(players: GameTestOptions['players'], teams?: GameTestOptions['teams']): RoomPlayer[] {
  return players.map((player, seat) => {
    const { name, claims } = typeof player === 'string' ? { name: player, claims: undefined } : player;
    return { user: `user-of-${name}` as UserId, name, ...(claims && { claims }), ...(teams && { team: teams[seat]! }) };
  });
}

/** Encodes and decodes the change in the same way as a write to Redis and a later read. */
function asStored({ delta, ...rest }: Change): Change {
  const stored = JSON.parse(JSON.stringify(rest)) as Change;
  return delta === undefined ? stored : ({ ...stored, delta: delta.slice() } as Change);
}

function raise(error: unknown): never {
  throw error;
}

/** A timer, a step or a bot's move that is due at a time, in ms since 1970. */
interface Due {
  readonly at: number;
  run(): void;
}

class GameTestModule {}

const ROOM = 'test' as RoomId;
/** The default start time. The value is arbitrary, because a game must not depend on the start time. */
const START = Date.UTC(2030, 0, 1);
/**
 * Maximum number of timers, steps and bot moves in one `advance`. It stops a timer that schedules itself in an endless loop. An hour at 20
 * Hz needs only 72,000 steps and 72,000 bot moves.
 */
const RUNS_MAX = 200_000;
