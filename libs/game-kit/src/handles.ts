import type { SeatEvent } from '#libs/room';
import type { StandardSchema } from './standard-schema.js';

/** The purpose of a decorated method. A method may have several purposes, such as a command and a timer. */
export type Handle =
  | { readonly kind: 'command'; readonly name: string; readonly schema: StandardSchema | null }
  | { readonly kind: 'timer'; readonly name: string }
  | { readonly kind: 'step'; readonly hz: number }
  | { readonly kind: 'seat'; readonly event: SeatEvent }
  | { readonly kind: 'pause' }
  | { readonly kind: 'view' }
  | { readonly kind: 'bot'; readonly everyMs: number }
  /** `game`: the class of the game to which the effect belongs. Undefined: the effect belongs to the games of the provider's module. */
  | { readonly kind: 'effect'; readonly name: string; readonly game?: object }
  | ({ readonly kind: 'result'; readonly name: string } & Patience)
  | ({ readonly kind: 'load'; readonly game?: object } & Patience)
  /** The decorator was applied wrongly. `flaw` is the end of an error message that begins with "The game G has M() with …". */
  | { readonly kind: 'flawed'; readonly flaw: string };

/** Time limit and maximum number of attempts of an effect or a load. */
export interface Patience {
  readonly timeoutMs: number;
  readonly attempts: number;
}

const HANDLES = 'holdfast:handles';

export function addHandle(method: object, handle: Handle): void {
  Reflect.defineMetadata(HANDLES, [handle, ...handlesOf(method)], method);
}

export function handlesOf(method: object): readonly Handle[] {
  return (Reflect.getOwnMetadata(HANDLES, method) as readonly Handle[] | undefined) ?? [];
}

/** Returns a description of the purpose of a decorated method, for an error message. */
export function describeHandle(handle: Handle): string {
  switch (handle.kind) {
    case 'command':
      return `the command '${handle.name}'`;
    case 'timer':
      return `the timer '${handle.name}'`;
    case 'seat':
      return `seats that are '${handle.event}'`;
    case 'effect':
      return `the effect '${handle.name}'`;
    case 'result':
      return `the result of the effect '${handle.name}'`;
    case 'load':
      return 'loads';
    case 'step':
      return 'steps';
    case 'pause':
      return 'pauses';
    case 'view':
      return 'views';
    case 'bot':
      return 'bots';
    case 'flawed':
      return handle.flaw;
    default:
      return handle satisfies never;
  }
}
