import type { RoomId, Seat } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { effectsKey, roomKey } from './room-keys.js';

const markScript = new LuaScript('mark_suspect', new URL('./scripts/mark-suspect.lua', import.meta.url), 1);
const clearScript = new LuaScript('clear_suspect', new URL('./scripts/clear-suspect.lua', import.meta.url), 1);

/** An input that its owner did not come back from. */
export interface SuspectInput {
  /** Kind and name: `command place`, `timer turn`, `tick`, `view`, `effect pay` … */
  readonly handler: string;
  /** Whose command it is; -1: nobody's. */
  readonly seat: Seat;
  /** Number of the command; 0: none. */
  readonly seq: number;
  /** Key of the effect. */
  readonly effect?: string;
}

/** Where a mark stands: in the record of a room that is played or set up, or beside the effects of a game that ended. */
export type SuspectPlace =
  | { readonly room: RoomId; readonly epoch: number }
  | { readonly room: RoomId; readonly start: string }
  | { readonly room: RoomId; readonly effect: string };

/** A room that lost so many owners to inputs of its own is ended. */
export const LOSSES_MAX = 2;

/** Before the key of an effect, in the hash of effects that a game left behind. */
const SUSPECT_EFFECT = 'suspect:';

/**
 * Marks of inputs that may cost a room its owner. The watchdog of a game server writes them, on its own thread and connection;
 * `RoomLog.adopt`, `open` and `lastEffects` read them. Both methods reject when the store does not answer.
 */
export class SuspectMarks {
  constructor(private readonly client: RedisClient) {}

  async mark(place: SuspectPlace, input: SuspectInput): Promise<void> {
    if ('effect' in place) await this.client.hset(effectsKey(place.room), SUSPECT_EFFECT + place.effect, '');
    else await markScript.run(this.client, [roomKey(place.room)], argumentsOf(place, input));
  }

  /** Changes nothing where the mark is not there (any more). */
  async clear(place: SuspectPlace, input: SuspectInput): Promise<void> {
    if ('effect' in place) await this.client.hdel(effectsKey(place.room), SUSPECT_EFFECT + place.effect);
    else await clearScript.run(this.client, [roomKey(place.room)], argumentsOf(place, input));
  }
}

/** Null where nothing is marked. */
export function readSuspect(text: string): SuspectInput | null {
  return text === '' ? null : (JSON.parse(text) as SuspectInput);
}

/** The key of the effect, where this field of the hash is a mark; null: it holds effects. */
export function suspectEffectOf(field: string): string | null {
  return field.startsWith(SUSPECT_EFFECT) ? field.slice(SUSPECT_EFFECT.length) : null;
}

function argumentsOf(place: Exclude<SuspectPlace, { effect: string }>, { handler, seat, seq, effect }: SuspectInput): (string | number)[] {
  // The same text each time, since a mark is found by it.
  const text = JSON.stringify({ handler, seat, seq, ...(effect !== undefined && { effect }) });
  return 'epoch' in place ? [place.epoch, '', text] : ['', place.start, text];
}
