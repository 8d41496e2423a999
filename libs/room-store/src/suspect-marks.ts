import type { RoomId, Seat } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { effectsKey, roomKey } from './room-keys.js';

const markScript = new LuaScript('mark_suspect', new URL('./scripts/mark-suspect.lua', import.meta.url), 1);
const clearScript = new LuaScript('clear_suspect', new URL('./scripts/clear-suspect.lua', import.meta.url), 1);

/** An input that the owner of its room has been handling for too long. */
export interface SuspectInput {
  /** The kind and the name of the input: `command place`, `timer turn`, `step`, `view`, `effect pay` … */
  readonly handler: string;
  /** The seat of the player who sent the command. -1: the input is not a command. */
  readonly seat: Seat;
  /** The number of the command. 0: the input is not a command. */
  readonly seq: number;
  /** The key of the effect. Absent: the input is not an effect. */
  readonly effect?: string;
}

/** The place of a mark: the record of a room whose game is set up or in play, or the hash of effects of ended games. */
export type SuspectPlace =
  | { readonly room: RoomId; readonly epoch: number }
  | { readonly room: RoomId; readonly start: string }
  | { readonly room: RoomId; readonly effect: string };

/** When this number of successive owners have crashed on inputs of a room, the next owner ends the game of the room. */
export const LOSSES_MAX = 2;

/**
 * Prefix of a field in the hash of effects of ended games. A field with this prefix and the key of an effect is the mark of this effect.
 */
const SUSPECT_EFFECT = 'suspect:';

/**
 * Writes and removes marks of inputs on which the owner of a room could hang or crash. The watchdog of a game server calls this class on
 * its own thread and connection. `RoomLog.adopt` and `EndedGameStore.lastEffects` read the marks. `mark` and `clear` reject when the store
 * does not answer.
 */
export class SuspectMarks {
  constructor(private readonly client: RedisClient) {}

  async mark(place: SuspectPlace, input: SuspectInput): Promise<void> {
    if ('effect' in place) await this.client.hset(effectsKey(place.room), SUSPECT_EFFECT + place.effect, '');
    else await markScript.run(this.client, [roomKey(place.room)], argumentsOf(place, input));
  }

  /** Removes the mark of this input. Changes nothing when there is no mark, or the mark of another input. */
  async clear(place: SuspectPlace, input: SuspectInput): Promise<void> {
    if ('effect' in place) await this.client.hdel(effectsKey(place.room), SUSPECT_EFFECT + place.effect);
    else await clearScript.run(this.client, [roomKey(place.room)], argumentsOf(place, input));
  }
}

/** Parses a mark. Null: there is no mark. */
export function readSuspect(text: string): SuspectInput | null {
  return text === '' ? null : (JSON.parse(text) as SuspectInput);
}

/** Returns the key of the effect that this field of the hash marks. Null: the field is no mark, but a batch of effects. */
export function suspectEffectOf(field: string): string | null {
  return field.startsWith(SUSPECT_EFFECT) ? field.slice(SUSPECT_EFFECT.length) : null;
}

function argumentsOf(place: Exclude<SuspectPlace, { effect: string }>, { handler, seat, seq, effect }: SuspectInput): (string | number)[] {
  // Equal inputs must give equal texts, because `clear` compares this text with the text of the stored mark.
  const text = JSON.stringify({ handler, seat, seq, ...(effect !== undefined && { effect }) });
  return 'epoch' in place ? [place.epoch, '', text] : ['', place.start, text];
}
