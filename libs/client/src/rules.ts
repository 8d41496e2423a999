import type { GameEvent } from '#libs/protocol';
import type { EventDataOf, EventName, GameRoom, GameTypes, RoomContext } from '#libs/room';

/**
 * The first parameter of a command handler. Its method `reject` distinguishes it from the parameters of other handlers, which cannot
 * reject.
 */
type HandlerRoom = Pick<GameRoom<never>, 'reject'>;

/**
 * The commands of a game, derived from its class: each public method that takes a room and, usually, data. The type of a timer handler
 * equals the type of a command handler without data. So `send` with the name of a timer compiles, but the server refuses the command with
 * `unknown-command`.
 */
export type CommandsOf<Rules> = {
  [Name in keyof Rules as Rules[Name] extends (...args: infer Args) => unknown ? (Args extends CommandArgs ? Name : never) : never]: DataOf<
    Rules[Name]
  >;
};

/**
 * The parameters of a command handler. The data is never a number, which excludes the step handler: its second parameter is a number of
 * milliseconds.
 */
type CommandArgs = [room: HandlerRoom] | [room: HandlerRoom, data: object | string | boolean | null | undefined];

type DataOf<Method> = Method extends (room: never, ...rest: infer Rest) => unknown
  ? Rest extends [infer Data, ...unknown[]]
    ? Data
    : undefined
  : never;

/** The name of a command. When the class of the game is not known, any string is allowed. */
export type CommandName<Rules> = unknown extends Rules ? string : keyof CommandsOf<Rules> & string;

/** The arguments of `send` after the name: the data of the command, or nothing for a command without data. */
export type CommandData<Rules, Name> = unknown extends Rules
  ? [data?: unknown]
  : Name extends keyof CommandsOf<Rules>
    ? undefined extends CommandsOf<Rules>[Name]
      ? [data?: CommandsOf<Rules>[Name]]
      : Record<never, never> extends CommandsOf<Rules>[Name]
        ? [data?: CommandsOf<Rules>[Name]]
        : [data: CommandsOf<Rules>[Name]]
    : never;

/** The state as a player sees it: the result of `view` if the game has one, else the state. */
export type StateOf<Rules> = unknown extends Rules
  ? unknown
  : Rules extends { view(state: never, seat: never): infer View }
    ? View
    : Rules extends { setup(room: never): infer State }
      ? State
      : unknown;

/** The types that a game declares, such as its events, inferred from the parameter of its `setup`. */
type TypesOf<Rules> = Rules extends { setup(room: infer Context): unknown }
  ? Context extends RoomContext<infer Types>
    ? Types
    : GameTypes
  : GameTypes;

/**
 * An event of the game. When the game declares its events (`Setup<Options, Types>`), the name decides the type of the data:
 * `if (event.name === 'dealt') event.data.cards`.
 */
export type EventOf<Rules> = unknown extends Rules ? GameEvent : Events<TypesOf<Rules>>;

type Events<Types> =
  string extends EventName<Types>
    ? GameEvent
    : { [Name in EventName<Types>]: Omit<GameEvent, 'name' | 'data'> & { name: Name; data: EventDataOf<Types, Name> } }[EventName<Types>];
