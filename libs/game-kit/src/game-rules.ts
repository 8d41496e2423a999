import type { GameRoom, GameTypes, RoomContext, Setup } from '#libs/room';

/** The interface of every game. The other rules are methods with decorators (`@Command`, `@OnTimer`, …). */
export interface GameRules<State> {
  /** Returns the first state of a game. It must be plain data: values that JSON can represent. */
  setup(room: Setup<never, never>): State;
  /**
   * Upgrades a state of an older `version` of the game to this version. Without this method, servers with this version cannot adopt rooms
   * of older versions of the game.
   */
  migrateState?(state: unknown, fromVersion: number): State;
}

/** The return type of handlers. It is not `void` alone, because the compiler would then accept an async method. */
// biome-ignore lint/suspicious/noConfusingVoidType: `undefined` alone would refuse handlers without a `return`
export type Nothing = void | undefined;

export type Settled = (object & { readonly then?: never }) | string | number | boolean | null | undefined;

/** The whole state of a game, derived from its class. The client's `StateOf` is only the part that a player sees. */
export type GameStateOf<Rules> = Rules extends { setup(room: never): infer State } ? State : never;

/**
 * The types that a game declares for its events, timers, effects and other names, derived from the parameter of its `setup`: `setup(room:
 * Setup<Options, Types>)`.
 */
export type TypesOf<Rules> = Rules extends { setup(room: infer Room): unknown }
  ? Room extends RoomContext<infer Types>
    ? Types
    : GameTypes
  : GameTypes;

/** The commands of a game by name, as functions of their data. A command is a public method with a `GameRoom` as its first parameter. */
export type CommandCallsOf<Rules> = {
  [Name in keyof Rules as CallOf<Rules[Name]> extends never ? never : Name]: CallOf<Rules[Name]>;
};

type CallOf<Method> = Method extends (room: infer First, ...data: infer Data) => Nothing
  ? First extends Pick<GameRoom<never>, 'reject'>
    ? (...data: Data) => void
    : never
  : never;
