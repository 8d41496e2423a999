import type { RoomId, Seat } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { effectsKey, roomKey } from './room-keys.js';

const markScript = new LuaScript('mark_suspect', new URL('./scripts/mark-suspect.lua', import.meta.url), 1);
const clearScript = new LuaScript('clear_suspect', new URL('./scripts/clear-suspect.lua', import.meta.url), 1);

/** An input whose handling did not end. */
export interface SuspectInput {
  /** Kind and name: `command place`, `timer turn`, `step`, `view`, `effect pay` … */
  readonly handler: string;
  /** The seat of the player who sent the command. -1: none. */
  readonly seat: Seat;
  /** The number of the command. 0: none. */
  readonly seq: number;
  /** The key of the effect. */
  readonly effect?: string;
}

/** The place of a mark: in the record of a room that is played or set up, or with the effects of a game that has ended. */
export type SuspectPlace =
  | { readonly room: RoomId; readonly epoch: number }
  | { readonly room: RoomId; readonly start: string }
  | { readonly room: RoomId; readonly effect: string };

/** A room whose inputs cost so many owners is ended. */
export const LOSSES_MAX = 2;

/** Prefix of the key of an effect, in the hash of effects of ended games. */
const SUSPECT_EFFECT = 'suspect:';

/**
 * Marks of inputs that may cost a room its owner. The watchdog of a game server writes them, on its own thread and connection.
 * `RoomLog.adopt` and `EndedGameStore.lastEffects` read them. Both methods reject when the store does not answer.
 */
export class SuspectMarks {
  constructor(private readonly client: RedisClient) {}

  async mark(place: SuspectPlace, input: SuspectInput): Promise<void> {
    if ('effect' in place) await this.client.hset(effectsKey(place.room), SUSPECT_EFFECT + place.effect, '');
    else await markScript.run(this.client, [roomKey(place.room)], argumentsOf(place, input));
  }

  /** Changes nothing when there is no such mark. */
  async clear(place: SuspectPlace, input: SuspectInput): Promise<void> {
    if ('effect' in place) await this.client.hdel(effectsKey(place.room), SUSPECT_EFFECT + place.effect);
    else await clearScript.run(this.client, [roomKey(place.room)], argumentsOf(place, input));
  }
}

/** Null when there is no mark. */
export function readSuspect(text: string): SuspectInput | null {
  return text === '' ? null : (JSON.parse(text) as SuspectInput);
}

/** The key of the effect when this field of the hash is a mark. Null: the field has effects. */
export function suspectEffectOf(field: string): string | null {
  return field.startsWith(SUSPECT_EFFECT) ? field.slice(SUSPECT_EFFECT.length) : null;
}

function argumentsOf(place: Exclude<SuspectPlace, { effect: string }>, { handler, seat, seq, effect }: SuspectInput): (string | number)[] {
  // The text must be the same each time, because a mark is found by it.
  const text = JSON.stringify({ handler, seat, seq, ...(effect !== undefined && { effect }) });
  return 'epoch' in place ? [place.epoch, '', text] : ['', place.start, text];
}
