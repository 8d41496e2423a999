import type { Seat } from '#libs/protocol';
import {
  type BotMove,
  type BotRoom,
  type EffectDataOf,
  type EffectName,
  type EffectResult,
  type EffectResultOf,
  type GameRoom,
  type GameStart,
  type LoadedOf,
  listed,
  quoted,
  type RoomContext,
  type SeatEvent,
} from '#libs/room';
import type { Effect } from './effect.js';
import type { Nothing, Settled, TypesOf } from './game-rules.js';
import { addHandle, type Handle, type Patience } from './handles.js';
import { isStandardSchema, type OutputOf, type StandardSchema } from './standard-schema.js';

/** A decorator that compiles only on methods of this type. A method may have fewer parameters, but must not return a promise. */
export type HandlerDecorator<Shape, Name extends string = string> = <Method extends Shape>(
  target: object,
  name: Name,
  method: TypedPropertyDescriptor<Method>,
) => void;

type RoomHandler = (room: GameRoom<never, never, never>) => Nothing;
type CommandHandler<Data> = (room: GameRoom<never, never, never>, data: Data) => Nothing;

/**
 * Marks a method that players may call as a command. The name of the method is the name of the command, so the typed client, `GameTest` and
 * the server know the command by the same name. Quote a method name with dashes: `'show-hand'(room, data) { … }`. If you give `name`, it
 * must equal the name of the method. Before the method runs, the schema (any synchronous Standard Schema validator) validates the data.
 * Without a schema the command has no data.
 *
 * @example
 * @Command(Show)
 * 'show-hand'({ state, seat }: GameRoom<Match>, { hand }: z.infer<typeof Show>): void {
 *   state.hands[seat] = hand;
 * }
 */
export function Command(): HandlerDecorator<RoomHandler>;
export function Command<Name extends string>(name: Name): HandlerDecorator<RoomHandler, Name>;
export function Command<Schema extends StandardSchema>(schema: Schema): HandlerDecorator<CommandHandler<OutputOf<Schema>>>;
export function Command<Name extends string, Schema extends StandardSchema>(
  name: Name,
  schema: Schema,
): HandlerDecorator<CommandHandler<OutputOf<Schema>>, Name>;
export function Command(
  ...given: [nameOrSchema?: string | StandardSchema, schema?: StandardSchema]
): HandlerDecorator<CommandHandler<never>> {
  return handles((method) => commandOf(method, given));
}

/** Marks the method that runs when a timer of `room.schedule(name, ms)` is due. */
export function OnTimer(name: string): HandlerDecorator<RoomHandler> {
  return handles(() => named('timer', '@OnTimer', name));
}

/**
 * Marks the method that runs `hz` times a second while the game is played, in fixed steps: `stepMs` is always 1000 / `hz`. A late server
 * runs a few missed steps one after the other and skips older steps, so the game runs slower than real time until the server is fast enough
 * again. The steps of a downtime are skipped as well.
 *
 * @param hz steps a second, up to 60
 *
 * @example
 * @OnStep(20)
 * protected move({ state }: GameRoom<Race>, stepMs: number): void {
 *   for (const car of state.cars) car.x += (car.speed * stepMs) / 1_000;
 * }
 */
export function OnStep(hz: number): HandlerDecorator<(room: GameRoom<never, never, never>, stepMs: number) => Nothing> {
  return handles(() =>
    typeof hz === 'number' && hz > 0
      ? { kind: 'step', hz }
      : flawed(`@OnStep(${quoted(hz)}); give the number of steps a second, as in @OnStep(20)`),
  );
}

/** Marks the method that runs at the given seat events of a player. `room.seat` is the player's seat. */
export function OnSeat(...events: [SeatEvent, ...SeatEvent[]]): HandlerDecorator<RoomHandler> {
  if (events.length === 0) return handles(() => flawed(`@OnSeat() and no event; give at least one of ${listed(SEAT_EVENTS)}`));
  return handles(...events.map((event) => () => seatHandle(event)));
}

/**
 * Marks the method that runs when the game continues on another server after a downtime of `pausedMs`. The server has already delayed the
 * timers by `pausedMs`. In this method, add `pausedMs` to the times in the state (`since += pausedMs`).
 */
export function OnPause(): HandlerDecorator<(room: GameRoom<never, never, never>, pausedMs: number) => Nothing> {
  return handles(() => ({ kind: 'pause' }));
}

/**
 * Marks the method that returns the part of the state that a seat may see. `seat` null: the part that spectators may see. The method must
 * not change the state. The name of the method must be `view`, because clients derive the type of their state from the method with this
 * name.
 */
export function View(): HandlerDecorator<(state: never, seat: Seat | null) => Settled, 'view'> {
  return handles(() => ({ kind: 'view' }));
}

/** The options of `@Bot`. */
export interface BotOptions {
  /** Time between two moves of a bot, in ms: a whole number from 20 to 60000. */
  readonly everyMs: number;
}

/**
 * Marks the method that plays the bots of a room (`room.addBot`). It gets the state as the bot's seat sees it. It returns the bot's next
 * command `{ command, data }`, or a new player input `{ input }`, or nothing. The server handles a command or input of a bot in the same
 * way as that of a player. A refused command or input changes nothing. The method must not change the state. Use `room.random()` for random
 * decisions.
 *
 * @example
 * @Bot({ everyMs: 500 }) protected play(state: Board, { seat }: BotRoom): BotCommand | undefined {
 *   const cell = state.cells.indexOf(null);
 * return state.turn === seat ? { command: 'place', data: { cell } } : undefined; }
 */
export function Bot(
  { everyMs }: BotOptions = { everyMs: Number.NaN },
): HandlerDecorator<(view: never, room: BotRoom) => BotMove | null | undefined> {
  return handles(() =>
    Number.isInteger(everyMs) && everyMs >= BOT_EVERY_MS.min && everyMs <= BOT_EVERY_MS.max
      ? { kind: 'bot', everyMs }
      : flawed(`@Bot({ everyMs: ${quoted(everyMs)} }); give a whole number of ms from ${BOT_EVERY_MS.min} to ${BOT_EVERY_MS.max}`),
  );
}

/**
 * Marks a method that carries out the effect `name`, which a game requests with `room.effect(name, data)`. The method may be in any
 * provider, and may be async. `Effect` describes how often it runs. A game that waits for the result gets the returned value, or the code
 * of `throw refuse(code, message)`.
 *
 * The effect belongs to `game`, and the compiler checks its types. Without `game`, the effect belongs to the games of the provider's
 * module. If this module has no game, the effect belongs to every game without its own handler for this name.
 *
 * @example
 * @EffectHandler(Casino, 'charge')
 * async charge({ key, data }: Effect<Charge>): Promise<Charged> { … }
 */
export function EffectHandler<Rules, Name extends EffectName<TypesOf<Rules>>>(
  game: abstract new (...args: never[]) => Rules,
  name: Name,
): HandlerDecorator<(effect: Effect<EffectDataOf<TypesOf<Rules>, Name>>) => Promised<EffectResultOf<TypesOf<Rules>, Name>>>;
export function EffectHandler(name: string): HandlerDecorator<(effect: Effect<never>) => unknown>;
export function EffectHandler(
  ...given: [gameOrName: object | string, name?: string]
): HandlerDecorator<(effect: Effect<never>) => unknown> {
  const [game, name] = given.length === 1 ? [undefined, given[0]] : given;
  return handles(() => {
    if (given.length === 1) return named('effect', '@EffectHandler', name as string);
    if (typeof game !== 'function') return flawed(`@EffectHandler(${quotedGame(game)}, …); give the class of a game`);
    const handle = named('effect', '@EffectHandler', name as string);
    return handle.kind === 'effect' ? { ...handle, game } : handle;
  });
}

/** The options of `@OnResult` and `@OnLoad`. */
export interface PatienceOptions {
  /** Time limit for all attempts together, in ms: a whole number from 1 to 86400000. */
  readonly timeoutMs?: number;
  /** Maximum number of attempts, from 1 to 1000. A handler that throws runs again, unless it throws `refuse(…)`. */
  readonly attempts?: number;
}

/** Defaults of `@OnResult`: five attempts, which take some eight seconds. */
export const RESULT_PATIENCE: Patience = { timeoutMs: 30_000, attempts: 5 };
/** Defaults of `@OnLoad`. The time limit is shorter than for `@OnResult`, because players wait for the load. */
export const LOAD_PATIENCE: Patience = { timeoutMs: 10_000, attempts: 3 };
/** Maximum of `timeoutMs` of `@OnLoad`, in ms. Players see no game while they wait for the load. */
export const LOAD_MS_MAX = 60_000;

/**
 * Marks the method that gets the results of an effect: `{ ok: true, data }`, or `{ ok: false, code, message }`. The method runs exactly
 * once for each effect of this name, as an input of the room, even if the server crashes or the effect runs twice. If no result arrives
 * within `timeoutMs`, the method gets a failure with the code `timed-out`.
 *
 * @example
 * @OnResult('charge', { timeoutMs: 10_000 })
 * protected charged(room: GameRoom<Table, never, Types>, result: EffectResult<Charged, Charge>): void {
 *   const bet = room.state.bets[result.request.bet];
 *   bet.status = result.ok ? 'paid' : 'refused';
 * }
 */
export function OnResult<Name extends string>(name: Name, options: PatienceOptions = {}): ResultDecorator<Name> {
  return handles(() => {
    const handle = named('effect', '@OnResult', name);
    if (handle.kind !== 'effect') return handle;
    const patience = patienceOf(options, RESULT_PATIENCE, RESULT_MS_MAX);
    return typeof patience === 'string' ? flawed(`@OnResult('${name}', …) with ${patience}`) : { kind: 'result', name, ...patience };
  }) as ResultDecorator<Name>;
}

/** A decorator that compiles only when the method's result parameter has the type that the room declares for the effect. */
export type ResultDecorator<Name extends string> = <Method extends (room: GameRoom<never, never, never>, result: never) => Nothing>(
  target: object,
  name: string,
  method: TypedPropertyDescriptor<Method> & (Method extends ResultMethod<Method, Name> ? unknown : never),
) => void;

type ResultMethod<Method, Name> = Method extends (room: infer Room, ...rest: never[]) => unknown
  ? Room extends RoomContext<infer Types>
    ? Name extends EffectName<Types>
      ? (room: Room, result: EffectResult<EffectResultOf<Types, Name>, EffectDataOf<Types, Name>>) => Nothing
      : never
    : never
  : never;

/**
 * Marks the method that loads the data of a game before its `setup`: profiles, decks, a map. It may be async, and may be in any provider of
 * the server. Its result is `room.loaded` in the setup and in all handlers. The result is stored with the setup, so that a recovery does
 * not load again. A method that throws runs again. `throw refuse(code, message)` cancels the start: the room waits again, and its players
 * get the code. The method loads data for `game`. Without `game`, it loads data for the games of its own module.
 *
 * @example
 * @OnLoad(Casino, { timeoutMs: 5_000 })
 * async profiles({ seats, signal }: GameStart): Promise<Loaded> { … }
 */
export function OnLoad<Rules>(
  game: abstract new (...args: never[]) => Rules,
  options?: PatienceOptions,
): HandlerDecorator<(start: GameStart<never, TypesOf<Rules>>) => Promised<LoadedOf<TypesOf<Rules>>>>;
export function OnLoad(options?: PatienceOptions): HandlerDecorator<(start: GameStart<never, never>) => unknown>;
export function OnLoad(
  ...given: [gameOrOptions?: object, options?: PatienceOptions]
): HandlerDecorator<(start: GameStart<never, never>) => unknown> {
  const [first, second] = given;
  const isOfGame = typeof first === 'function' || given.length > 1;
  return handles(() => {
    if (isOfGame && typeof first !== 'function') return flawed(`@OnLoad(${quotedGame(first)}, …); give the class of a game`);
    const patience = patienceOf((isOfGame ? second : (first as PatienceOptions | undefined)) ?? {}, LOAD_PATIENCE, LOAD_MS_MAX);
    if (typeof patience === 'string') return flawed(`@OnLoad(…) with ${patience}`);
    return { kind: 'load', ...(isOfGame && { game: first as object }), ...patience };
  });
}

/**
 * The return type of a handler of effects or loads: `Data`, or a promise of `Data`. If the game ignores the result, the handler may return
 * any type.
 */
type Promised<Data> = unknown extends Data ? unknown : undefined extends Data ? unknown : Data | Promise<Data>;

function patienceOf(given: PatienceOptions, defaults: Patience, msMax: number): Patience | string {
  const { timeoutMs = defaults.timeoutMs, attempts = defaults.attempts } = given;
  if (!isWholeUpTo(timeoutMs, msMax)) return `timeoutMs ${quoted(timeoutMs)}; give a whole number of ms from 1 to ${msMax}`;
  if (!isWholeUpTo(attempts, ATTEMPTS_MAX)) return `attempts ${quoted(attempts)}; give a whole number from 1 to ${ATTEMPTS_MAX}`;
  return { timeoutMs, attempts };
}

function isWholeUpTo(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

function quotedGame(game: unknown): string {
  return game === undefined ? 'undefined (do two files import each other?)' : quoted(game);
}

/** Maximum of `timeoutMs` of `@OnResult`: a day, in ms. */
const RESULT_MS_MAX = 86_400_000;
const ATTEMPTS_MAX = 1_000;

/**
 * Returns the `Handle` of a command. An undefined schema argument is an error, because it usually comes from a circular import. Otherwise
 * the command would get no data.
 */
function commandOf(method: string, given: readonly unknown[]): Handle {
  const [first, second] = given;
  const isNamed = typeof first === 'string';
  const name = isNamed ? first : method;
  const hasSchema = given.length > (isNamed ? 1 : 0);
  const schema = isNamed ? second : first;
  if (!isHandleName(name)) return flawed(`@Command(${quoted(name)}); ${NAME_ALLOWED}`);
  if (name !== method)
    return flawed(`@Command('${name}'); name the method '${name}'(room, data), so that the client knows it by this name`);
  if (!hasSchema) return { kind: 'command', name, schema: null };
  if (isStandardSchema(schema)) return { kind: 'command', name, schema };
  return flawed(
    `an invalid schema of the command '${name}': ${schema === undefined ? 'undefined (do two files import each other?)' : quoted(schema)}; give a Standard Schema (zod, valibot, arktype …), or no argument for a command without data`,
  );
}

function named(kind: 'timer' | 'effect', decorator: string, name: string): Handle {
  if (!isHandleName(name)) return flawed(`${decorator}(${quoted(name)}); ${NAME_ALLOWED}`);
  if (kind === 'timer' && name.startsWith('$')) return flawed(`${decorator}('${name}'); names that begin with $ are the room's own`);
  return { kind, name };
}

function seatHandle(event: SeatEvent): Handle {
  if (!SEAT_EVENTS.includes(event)) return flawed(`@OnSeat(${quoted(event)}), which never happens; give one of ${listed(SEAT_EVENTS)}`);
  return { kind: 'seat', event };
}

function flawed(flaw: string): Handle {
  return { kind: 'flawed', flaw };
}

function isHandleName(name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= NAME_CHARS_MAX;
}

/** Limits of `everyMs`, in ms. Each move of a bot computes a view and can change the room, so bots move at most 50 times a second. */
const BOT_EVERY_MS = { min: 20, max: 60_000 } as const;
const SEAT_EVENTS: readonly SeatEvent[] = ['joined', 'away', 'back', 'left'];
/** Maximum length of a name, in characters. The room has the same limit for the names that handlers pass to it. */
const NAME_CHARS_MAX = 64;
const NAME_ALLOWED = `a name is a text of 1 to ${NAME_CHARS_MAX} characters`;

function handles(...makers: ((method: string) => Handle)[]): HandlerDecorator<(...args: never[]) => unknown> {
  return (_target, name, { value }) => {
    for (const make of makers) addHandle(value as object, make(name));
  };
}
