import type { Seat } from '#libs/protocol';
import { type BotMove, type BotRoom, type GameRoom, listed, quoted, type SeatEvent } from '#libs/room';
import type { Effect } from './effect.js';
import type { Nothing, Settled } from './game-rules.js';
import { addHandle, type Handle } from './handles.js';
import { isStandardSchema, type OutputOf, type StandardSchema } from './standard-schema.js';

/** A decorator that compiles only on methods of this type. A method may have fewer parameters, but must not return a promise. */
export type HandlerDecorator<Shape, Name extends string = string> = <Method extends Shape>(
  target: object,
  name: Name,
  method: TypedPropertyDescriptor<Method>,
) => void;

type RoomHandler = (room: GameRoom<never, never>) => Nothing;
type CommandHandler<Data> = (room: GameRoom<never, never>, data: Data) => Nothing;

/**
 * Marks a method that players may call as a command, by the name of the method or the given name. The schema (any synchronous Standard
 * Schema validator) validates the data first. Without a schema the command has no data.
 */
export function Command(name?: string): HandlerDecorator<RoomHandler>;
export function Command<Schema extends StandardSchema>(schema: Schema): HandlerDecorator<CommandHandler<OutputOf<Schema>>>;
export function Command<Schema extends StandardSchema>(name: string, schema: Schema): HandlerDecorator<CommandHandler<OutputOf<Schema>>>;
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
 * Marks the method that runs `hz` times a second while the game is played, in fixed steps: `stepMs` is always 1000 / `hz`. A server that is
 * late runs a few missed steps one after the other and leaves out older ones, so the game is slower than the clock until the server keeps
 * up. Steps of the downtime are left out as well.
 *
 * @param hz steps a second, up to 60
 *
 * @example
 * @OnStep(20)
 * protected move({ state }: GameRoom<Race>, stepMs: number): void {
 *   for (const car of state.cars) car.x += (car.speed * stepMs) / 1_000;
 * }
 */
export function OnStep(hz: number): HandlerDecorator<(room: GameRoom<never, never>, stepMs: number) => Nothing> {
  return handles(() =>
    typeof hz === 'number' && hz > 0
      ? { kind: 'step', hz }
      : flawed(`@OnStep(${quoted(hz)}); give the number of steps a second, as in @OnStep(20)`),
  );
}

/** Marks the method that runs when one of these events happens to a player. `room.seat` is the player's seat. */
export function OnSeat(...events: [SeatEvent, ...SeatEvent[]]): HandlerDecorator<RoomHandler> {
  if (events.length === 0) return handles(() => flawed(`@OnSeat() and no event; give at least one of ${listed(SEAT_EVENTS)}`));
  return handles(...events.map((event) => () => seatHandle(event)));
}

/**
 * Marks the method that runs when the game continues after `pausedMs` without a server, because one server died and another adopted the
 * room. Timers are already delayed by that time. Use it for times in the state itself (`since += pausedMs`).
 */
export function OnPause(): HandlerDecorator<(room: GameRoom<never, never>, pausedMs: number) => Nothing> {
  return handles(() => ({ kind: 'pause' }));
}

/**
 * Marks the method that returns what a seat may see of the state. A seat of null stands for spectators. The method must only read. It must
 * be named `view`, because clients derive its type from that name.
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
 * command `{ command, data }`, or what the bot holds down from now on `{ input }`, or nothing. Both are validated and used like those of a
 * player. A refused one changes nothing. The method must only read. Use `room.random()` for random decisions.
 *
 * @example
 * @Bot({ everyMs: 500 })
 * protected play(state: Board, { seat }: BotRoom): BotCommand | undefined {
 *   const cell = state.cells.indexOf(null);
 *   return state.turn === seat ? { command: 'place', data: { cell } } : undefined;
 * }
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
 * Marks a method that does the work which `room.effect(name, data)` requested. The method may be in any provider, and may be async.
 * `Effect` describes how often it runs.
 */
export function EffectHandler(name: string): HandlerDecorator<(effect: Effect<never>) => unknown> {
  return handles(() => named('effect', '@EffectHandler', name));
}

/**
 * Returns the handle of a command. A schema that is given but undefined usually comes from a circular import. It counts as a mistake,
 * because otherwise the command would get no data.
 */
function commandOf(method: string, given: readonly unknown[]): Handle {
  const [first, second] = given;
  const isNamed = typeof first === 'string';
  const name = isNamed ? first : method;
  const hasSchema = given.length > (isNamed ? 1 : 0);
  const schema = isNamed ? second : first;
  if (!isHandleName(name)) return flawed(`@Command(${quoted(name)}); ${NAME_ALLOWED}`);
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

/** Limits of `everyMs`, in ms. Each move of a bot computes a view and may change the room, so bots move at most 50 times a second. */
const BOT_EVERY_MS = { min: 20, max: 60_000 } as const;
const SEAT_EVENTS: readonly SeatEvent[] = ['joined', 'away', 'back', 'left'];
/** Maximum length of a name, in characters. It equals the limit for the names that handlers pass to the room. */
const NAME_CHARS_MAX = 64;
const NAME_ALLOWED = `a name is a text of 1 to ${NAME_CHARS_MAX} characters`;

function handles(...makers: ((method: string) => Handle)[]): HandlerDecorator<(...args: never[]) => unknown> {
  return (_target, name, { value }) => {
    for (const make of makers) addHandle(value as object, make(name));
  };
}
