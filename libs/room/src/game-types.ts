import type { Claims } from '#libs/protocol';

/**
 * The types of the events, effects and other data of one game. `GameRoom`, `Setup` and other types have a parameter for them. A missing
 * part is not checked: every name is then allowed, with any data.
 *
 * @example
 * interface Table extends GameTypes {
 *   events: { dealt: { cards: number } };
 *   effects: { charge: { data: { user: string; coins: number }; result: { left: number } }; won: { data: { user: string } } };
 *   claims: { rank: number };
 *   loaded: { decks: string[][] };
 * }
 */
export interface GameTypes {
  /** The data of each event, by name. */
  readonly events?: object;
  /**
   * Each effect by name: `data` is the data that the game gives to the effect, and `result` the data that its handler returns. Both are
   * optional.
   */
  readonly effects?: object;
  /** The claims of a user, as the authenticator gives them. A user may have none. */
  readonly claims?: object;
  /** The result of the method with `@OnLoad`. */
  readonly loaded?: unknown;
}

/** The name of the property that carries the types of a game. It exists only for the compiler. */
export declare const TYPES: unique symbol;

type Part<Types, Key extends keyof GameTypes> = Types extends { readonly [One in Key]: infer Named } ? Named : unknown;

/** The names that a game declares in one part of its types, such as `events`. If the game does not declare this part, any string is allowed. */
type NamesOf<Named> = unknown extends Named ? string : keyof Named & string;

export type EventName<Types> = NamesOf<Part<Types, 'events'>>;
export type EffectName<Types> = NamesOf<Part<Types, 'effects'>>;

export type EventDataOf<Types, Name> = Name extends keyof Part<Types, 'events'> ? Part<Types, 'events'>[Name] : unknown;
export type EffectDataOf<Types, Name> = Property<EffectOf<Types, Name>, 'data'>;
export type EffectResultOf<Types, Name> = Property<EffectOf<Types, Name>, 'result'>;

type EffectOf<Types, Name> = Name extends keyof Part<Types, 'effects'> ? Part<Types, 'effects'>[Name] : unknown;
/**
 * The type of the property `Key` of an effect: `unknown` when the effect is not declared, and `undefined` when a declared effect lacks this
 * property.
 */
type Property<Effect, Key extends string> = unknown extends Effect
  ? unknown
  : Effect extends { readonly [One in Key]?: infer Value }
    ? Key extends keyof Effect
      ? Value
      : undefined
    : undefined;

/** The arguments of a call after the name: the data, and `Rest`. The data can be omitted when its type allows undefined. */
export type DataArgs<Data, Rest extends unknown[] = []> = undefined extends Data
  ? [data?: Data, ...rest: Rest]
  : [data: Data, ...rest: Rest];

export type ClaimsOf<Types> = Types extends { readonly claims: infer Own } ? Own : Claims;
export type LoadedOf<Types> = Part<Types, 'loaded'>;
