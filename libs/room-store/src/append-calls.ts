import { pack } from '#libs/protocol';
import { LuaScript } from '#libs/redis';
import type { Append } from './append.js';
import { decodeRoomDoc } from './room-doc-codec.js';
import { checkpointKey, effectsKey, epilogueKey, logKey, roomKey } from './room-keys.js';

const appendFile = new URL('./scripts/append.lua', import.meta.url);
const appendScript = new LuaScript('append', appendFile, null);
/**
 * The script for a Cluster, in which each call appends to one room. The script has a fixed number of keys, because the client of a Cluster
 * routes a call by its first key.
 */
const appendOneScript = new LuaScript('append_one', appendFile, 2);
const finishScript = new LuaScript('finish', new URL('./scripts/finish.lua', import.meta.url), 5);

/** TTL of an epilogue, in ms. Clients try to resume for a shorter time. */
export const EPILOGUE_MS = 600_000;
/** Maximum number of rooms in one call. A call blocks Redis for about 5 µs per room. */
const ROOMS_PER_CALL = 64;

/** One call of a script. `appends`: the indexes of its appends in the list of all appends. */
export interface AppendCall {
  readonly script: LuaScript;
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
  readonly appends: readonly number[];
  /** A callback that receives the document and revision of the room whose game the call ended. */
  readonly onEnded?: Append['onEnded'];
}

/** Puts the appends into as few calls as possible, because a call costs more than an append. `roomsPerCall`: 1 in a Cluster. */
export function callsOf(appends: readonly Append[], roomsPerCall = ROOMS_PER_CALL): AppendCall[] {
  const calls: AppendCall[] = [];
  let open: { keys: string[]; args: (string | number | Buffer)[]; appends: number[] } | null = null;
  for (const [index, append] of appends.entries()) {
    if (append.ended) {
      calls.push(finishCall(append, index));
      continue;
    }
    if (open === null || open.appends.length >= roomsPerCall) {
      open = { keys: [], args: [], appends: [] };
      calls.push({ script: roomsPerCall === 1 ? appendOneScript : appendScript, ...open });
    }
    const { tenure, room, from, entries, batch } = append;
    open.keys.push(roomKey(room), logKey(room));
    open.args.push(tenure.epoch, tenure.server, tenure.incarnation, from ?? '', batch, entries.length);
    for (const entry of entries) open.args.push(asBuffer(entry));
    open.appends.push(index);
  }
  return calls;
}

/**
 * Reads the answer to a call of a script. Returns the result code of each append in the call. If the call ended a game, passes the room's
 * document to `onEnded`.
 */
export function codesOf({ appends, script, onEnded }: AppendCall, answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) return appends.map(() => answer);
  if (script !== finishScript) return answer;
  const [code, rev, doc] = answer as [number, string, string];
  onEnded?.({ rev: Number(rev), doc: decodeRoomDoc(doc) });
  return [code];
}

/** Wraps the bytes in a Buffer without copying them. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function finishCall({ tenure, room, from, batch, ended, lastEffects, epilogue, onEnded }: Append, index: number): AppendCall {
  const effects = lastEffects?.length ? Buffer.from(pack(lastEffects)) : '';
  const last = Buffer.from(pack(epilogue ?? null));
  const args = [tenure.epoch, tenure.server, tenure.incarnation, from ?? '', batch, JSON.stringify(ended), effects, last, EPILOGUE_MS];
  const keys = [roomKey(room), logKey(room), checkpointKey(room), effectsKey(room), epilogueKey(room)];
  return { script: finishScript, keys, args, appends: [index], ...(onEnded && { onEnded }) };
}
