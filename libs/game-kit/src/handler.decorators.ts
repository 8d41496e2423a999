import type { Seat } from '#libs/protocol';
import type { Room, SeatEvent } from '#libs/room';
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
export function Command(nameOrSchema?: string | StandardSchema, schema?: StandardSchema): HandlerDecorator<CommandHandler<never>> {
  const validator = isStandardSchema(nameOrSchema) ? nameOrSchema : (schema ?? null);
  return handles((method) => ({ kind: 'command', name: typeof nameOrSchema === 'string' ? nameOrSchema : method, schema: validator }));
}

/** Runs when the timer that `room.schedule(name, ms)` set is due. */
export function OnTimer(name: string): HandlerDecorator<RoomHandler> {
  return handles(() => ({ kind: 'timer', name }));
}

/** Runs `hz` times a second (or `@Game({ tickHz })` times) while the game is played. */
export function OnTick(hz?: number): HandlerDecorator<(room: Room<never>, elapsedMs: number) => Nothing> {
  return handles(() => ({ kind: 'tick', hz: hz ?? null }));
}

/** Runs when this happens to a player; `room.seat` tells whose seat it is. */
export function OnSeat(...events: [SeatEvent, ...SeatEvent[]]): HandlerDecorator<RoomHandler> {
  return handles(...events.map((event) => () => ({ kind: 'seat', event }) as const));
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
  return handles(() => ({ kind: 'effect', name }));
}

function handles(...makers: ((method: string) => Handle)[]): HandlerDecorator<(...args: never[]) => unknown> {
  return (_target, name, { value }) => {
    for (const make of makers) addHandle(value as object, make(name));
  };
}
