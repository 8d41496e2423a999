import type { Seat } from '#libs/protocol';
import { type GameRoom, listed, quoted, type SeatEvent } from '#libs/room';
import type { Effect } from './effect.js';
import type { Nothing, Settled } from './game-rules.js';
import { addHandle, type Handle } from './handles.js';
import { isStandardSchema, type OutputOf, type StandardSchema } from './standard-schema.js';

/** A decorator for methods of this shape only. Fewer parameters are allowed; a promise as result is not. */
export type HandlerDecorator<Shape, Name extends string = string> = <Method extends Shape>(
  target: object,
  name: Name,
  method: TypedPropertyDescriptor<Method>,
) => void;

type RoomHandler = (room: GameRoom<never, never>) => Nothing;
type CommandHandler<Data> = (room: GameRoom<never, never>, data: Data) => Nothing;

/**
 * Marks a method that players may call, by its own name or the given one. The schema (any synchronous Standard Schema validator)
 * validates the data first. Without a schema the command has no data.
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
 * late runs a few missed steps at once and leaves out the others, so the game is slower than the clock until the server keeps up. Steps of
 * the downtime are left out as well.
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
 * Marks the method that runs when the game continues after `pausedMs` without a server: one died, and another adopted the room. Timers are
 * already delayed by that time. Use it for times in the state itself (`since += pausedMs`).
 */
export function OnPause(): HandlerDecorator<(room: GameRoom<never, never>, pausedMs: number) => Nothing> {
  return handles(() => ({ kind: 'pause' }));
}

/**
 * Marks the method that returns what a seat may see of the state (null: a spectator). The method must only read. It must be named `view`,
 * because clients derive its type from that name.
 */
export function View(): HandlerDecorator<(state: never, seat: Seat | null) => Settled, 'view'> {
  return handles(() => ({ kind: 'view' }));
}

/**
 * Marks a method that does the work which `room.effect(name, data)` requested. It may be in any provider, and may be async. See `Effect`
 * for its guarantees.
 */
export function EffectHandler(name: string): HandlerDecorator<(effect: Effect<never>) => unknown> {
  return handles(() => named('effect', '@EffectHandler', name));
}

/**
 * Returns the handle of a command. An undefined schema usually comes from a circular import, so it must not count as a command without
 * data.
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

const SEAT_EVENTS: readonly SeatEvent[] = ['joined', 'away', 'back', 'left'];
/** Maximum length of a name, in characters: the same as for the names that handlers pass to the room. */
const NAME_CHARS_MAX = 64;
const NAME_ALLOWED = `a name is a text of 1 to ${NAME_CHARS_MAX} characters`;

function handles(...makers: ((method: string) => Handle)[]): HandlerDecorator<(...args: never[]) => unknown> {
  return (_target, name, { value }) => {
    for (const make of makers) addHandle(value as object, make(name));
  };
}
