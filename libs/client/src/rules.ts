import type { Room as RulesRoom } from '#libs/room';

/** What a handler's first parameter has and nothing else does: only handlers can refuse. */
type HandlerRoom = Pick<RulesRoom<never>, 'reject'>;

/**
 * The commands of a game, read from its class: each public method that takes a room and, mostly, data. (A timer's
 * handler has the same shape as a command without data; it compiles and is refused with `unknown-command`.)
 */
export type CommandsOf<Rules> = {
  [Name in keyof Rules as Rules[Name] extends (...args: infer Args) => unknown ? (Args extends CommandArgs ? Name : never) : never]: DataOf<
    Rules[Name]
  >;
};

/** A tick's second parameter is a number of milliseconds; no command's data is a bare number. */
type CommandArgs = [room: HandlerRoom] | [room: HandlerRoom, data: object | string | boolean | null | undefined];

type DataOf<Method> = Method extends (room: never, ...rest: infer Rest) => unknown
  ? Rest extends [infer Data, ...unknown[]]
    ? Data
    : undefined
  : never;

/** Any string where the game's class is not known. */
export type CommandName<Rules> = unknown extends Rules ? string : keyof CommandsOf<Rules> & string;

/** What `send` takes after the name: data may be left out where the command has none. */
export type CommandData<Rules, Name> = unknown extends Rules
  ? [data?: unknown]
  : Name extends keyof CommandsOf<Rules>
    ? undefined extends CommandsOf<Rules>[Name]
      ? [data?: CommandsOf<Rules>[Name]]
      : Record<never, never> extends CommandsOf<Rules>[Name]
        ? [data?: CommandsOf<Rules>[Name]]
        : [data: CommandsOf<Rules>[Name]]
    : never;

/** What a player sees of the game: its `view` if it has one, else its state. */
export type StateOf<Rules> = unknown extends Rules
  ? unknown
  : Rules extends { view(state: never, seat: never): infer View }
    ? View
    : Rules extends { setup(room: never): infer State }
      ? State
      : unknown;
