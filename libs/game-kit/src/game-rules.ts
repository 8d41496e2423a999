import type { Room, Setup } from '#libs/room';

/** What every game implements; the rest of its rules are methods with decorators (`@Command`, `@OnTimer`, …). */
export interface GameRules<State> {
  /** The state a game begins with. Plain data: what JSON can say, and nothing else. */
  setup(room: Setup): State;
  /** Makes a state of this version of one that was written by an older `version` of the game. */
  migrateState?(state: unknown, fromVersion: number): State;
}

/** Handlers return nothing. Written so, and not as `void`, because an async method would pass for `void`. */
// biome-ignore lint/suspicious/noConfusingVoidType: `undefined` alone would refuse handlers without a `return`
export type Nothing = void | undefined;

/** Anything but a promise. */
export type Settled = (object & { readonly then?: never }) | string | number | boolean | null | undefined;

export type StateOf<Rules> = Rules extends { setup(room: Setup): infer State } ? State : never;

/** The commands of a game by name, as calls with their data: its public methods that take a `Room`. */
export type CommandsOf<Rules> = {
  [Name in keyof Rules as CallOf<Rules[Name]> extends never ? never : Name]: CallOf<Rules[Name]>;
};

type CallOf<Method> = Method extends (room: infer First, ...data: infer Data) => Nothing
  ? First extends Room<unknown>
    ? (...data: Data) => void
    : never
  : never;
