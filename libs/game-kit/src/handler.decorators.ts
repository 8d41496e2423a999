import type { Seat } from '#libs/protocol';
import { listed, quoted, type Room, type SeatEvent } from '#libs/room';
import type { Effect } from './effect.js';
import type { Nothing, Settled } from './game-rules.js';
import { addHandle, type Handle } from './handles.js';
import { isStandardSchema, type OutputOf, type StandardSchema } from './standard-schema.js';

/** A decorator for methods of this shape only. Fewer parameters are fine; a promise is not. */
export type HandlerDecorator<Shape, Name extends string = string> = <Method extends Shape>(
  target: object,
  name: Name,
  method: TypedPropertyDescriptor<Method>,
) => void;

type RoomHandler = (room: Room<never>) => Nothing;
type CommandHandler<Data> = (room: Room<never>, data: Data) => Nothing;

/**
 * Players may call this method: by its own name or the one given, with data that the schema (any Standard Schema
 * validator, synchronous) has let through. Without a schema the command carries no data.
 */
export function Command(name?: string): HandlerDecorator<RoomHandler>;
export function Command<Schema extends StandardSchema>(schema: Schema): HandlerDecorator<CommandHandler<OutputOf<Schema>>>;
export function Command<Schema extends StandardSchema>(name: string, schema: Schema): HandlerDecorator<CommandHandler<OutputOf<Schema>>>;
export function Command(
  ...given: [nameOrSchema?: string | StandardSchema, schema?: StandardSchema]
): HandlerDecorator<CommandHandler<never>> {
  return handles((method) => commandOf(method, given));
}

/** Runs when the timer that `room.schedule(name, ms)` set is due. */
export function OnTimer(name: string): HandlerDecorator<RoomHandler> {
  return handles(() => named('timer', '@OnTimer', name));
}

/** Runs `hz` times a second (or `@Game({ tickHz })` times) while the game is played. */
export function OnTick(hz?: number): HandlerDecorator<(room: Room<never>, elapsedMs: number) => Nothing> {
  return handles(() => ({ kind: 'tick', hz: hz ?? null }));
}

/** Runs when this happens to a player; `room.seat` tells whose seat it is. */
export function OnSeat(...events: [SeatEvent, ...SeatEvent[]]): HandlerDecorator<RoomHandler> {
  if (events.length === 0) return handles(() => flawed(`@OnSeat() and no event; there are ${listed(SEAT_EVENTS)}`));
  return handles(...events.map((event) => () => seatHandle(event)));
}

/**
 * Runs when the game goes on after it was without a server for `pausedMs`: one died, and another took the game up.
 * Timers are due later by as much already; this is for times that the state itself holds (`since += pausedMs`).
 */
export function OnPause(): HandlerDecorator<(room: Room<never>, pausedMs: number) => Nothing> {
  return handles(() => ({ kind: 'pause' }));
}

/** What a seat (null: a spectator) may see of the state. Pure: it only reads. Named `view`, which is how clients know its type. */
export function View(): HandlerDecorator<(state: never, seat: Seat | null) => Settled, 'view'> {
  return handles(() => ({ kind: 'view' }));
}

/** Does what `room.effect(name, data)` asked for. On any provider, may be async; see `Effect` for what is promised. */
export function EffectHandler(name: string): HandlerDecorator<(effect: Effect<never>) => unknown> {
  return handles(() => named('effect', '@EffectHandler', name));
}

/** A schema that is undefined is most often an import that goes in a circle, and must not pass for a command without data. */
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
    `a schema of the command '${name}' that is none, but ${schema === undefined ? 'undefined (do two files import each other?)' : quoted(schema)}; give a Standard Schema (zod, valibot, arktype …), or no argument for a command without data`,
  );
}

function named(kind: 'timer' | 'effect', decorator: string, name: string): Handle {
  if (!isHandleName(name)) return flawed(`${decorator}(${quoted(name)}); ${NAME_ALLOWED}`);
  if (kind === 'timer' && name.startsWith('$')) return flawed(`${decorator}('${name}'); names that begin with $ are the room's own`);
  return { kind, name };
}

function seatHandle(event: SeatEvent): Handle {
  if (!SEAT_EVENTS.includes(event)) return flawed(`@OnSeat(${quoted(event)}), which never happens; there are ${listed(SEAT_EVENTS)}`);
  return { kind: 'seat', event };
}

function flawed(flaw: string): Handle {
  return { kind: 'flawed', flaw };
}

function isHandleName(name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= NAME_CHARS_MAX;
}

const SEAT_EVENTS: readonly SeatEvent[] = ['joined', 'away', 'back', 'left'];
/** As the room has it for what it is asked for. */
const NAME_CHARS_MAX = 64;
const NAME_ALLOWED = `a name is a text of 1 to ${NAME_CHARS_MAX} characters`;

function handles(...makers: ((method: string) => Handle)[]): HandlerDecorator<(...args: never[]) => unknown> {
  return (_target, name, { value }) => {
    for (const make of makers) addHandle(value as object, make(name));
  };
}
