import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CompactSync,
  encodeCompactSync,
  encodePlayerMessage,
  encodeServerMessage,
  type PlayerMessage,
  type ServerMessage,
} from '#libs/protocol';
import { encodePatch, encodeValue, hashValue } from '#libs/state-patch';
import { recordedSessions, type SessionVector } from './session-vectors.js';

/** A message in JSON form, and its binary frame in hexadecimal. The fields `state` and `patch` of `compact` are hexadecimal too. */
export interface FrameVector {
  readonly message: { readonly kind: string; readonly [field: string]: unknown };
  readonly frame: string;
}

export interface FrameVectors {
  readonly fromPlayer: readonly FrameVector[];
  readonly toPlayer: readonly FrameVector[];
  /** Frames that a client must refuse when a server sends them. */
  readonly malformed: readonly { readonly name: string; readonly frame: string }[];
}

export interface PatchVectors {
  readonly patches: readonly { readonly name: string; readonly before: unknown; readonly patch: string; readonly after: unknown }[];
  readonly values: readonly { readonly value: unknown; readonly bytes: string }[];
  readonly hashes: readonly { readonly value: unknown; readonly hash: number }[];
  readonly refused: readonly { readonly name: string; readonly before: unknown; readonly patch: string }[];
}

interface SyncBase {
  readonly name: string;
  /** The version of `before`. -1: the client has no state. */
  readonly held: number;
  readonly before: unknown;
  readonly frame: string;
}

export interface SyncVectors {
  readonly syncs: readonly (SyncBase & { readonly fields: Omit<CompactSync, 'kind'>; readonly after: unknown })[];
  readonly misfits: readonly SyncBase[];
  readonly malformed: readonly { readonly name: string; readonly frame: string }[];
}

export interface Vectors {
  readonly 'frames.json': FrameVectors;
  readonly 'patches.json': PatchVectors;
  readonly 'syncs.json': SyncVectors;
  readonly 'sessions.json': { readonly sessions: readonly SessionVector[] };
}

/**
 * Makes all vectors. The values of patches and syncs come from the files in `folder`, and the messages from `docs/protocol.md`. The codecs
 * of this repository encode and hash them.
 *
 * @param folder the folder `conformance`
 * @param protocolPage the text of `docs/protocol.md`
 */
export function makeVectors(folder: string, protocolPage: string): Vectors {
  const patches = JSON.parse(readFileSync(join(folder, 'patches.json'), 'utf8')) as PatchVectors;
  const syncs = JSON.parse(readFileSync(join(folder, 'syncs.json'), 'utf8')) as SyncVectors;
  return {
    'frames.json': framesOf([...examplesOf(protocolPage), ...MORE_FRAMES]),
    'patches.json': {
      patches: patches.patches.map(({ name, before, after }) => ({ name, before, patch: hex(encodePatch(before, after)), after })),
      values: patches.values.map(({ value }) => ({ value, bytes: hex(encodeValue(value)) })),
      hashes: patches.hashes.map(({ value }) => ({ value, hash: hashValue(value) })),
      refused: patches.refused,
    },
    'syncs.json': {
      syncs: syncs.syncs.map((vector) => {
        const { name, held, before, fields, after } = vector;
        const rest = fields.from === undefined ? { state: encodeValue(after) } : { patch: encodePatch(before, after) };
        return { name, held, before, frame: hex(encodeCompactSync({ kind: 'compact', ...fields, ...rest })), fields, after };
      }),
      misfits: syncs.misfits,
      malformed: syncs.malformed,
    },
    'sessions.json': { sessions: recordedSessions() },
  };
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Returns the frame of a message in JSON form. In this form, the bytes of a compact sync are hexadecimal. */
export function frameOf(message: FrameVector['message']): Uint8Array {
  if (message.kind === 'compact') {
    const sync = { ...message } as unknown as CompactSync;
    for (const name of ['state', 'patch'] as const)
      if (sync[name] !== undefined) sync[name] = Uint8Array.from(Buffer.from(sync[name] as unknown as string, 'hex'));
    return encodeCompactSync(sync);
  }
  const isPlayers = PLAYER_KINDS.has(message.kind);
  return isPlayers ? encodePlayerMessage(message as unknown as PlayerMessage) : encodeServerMessage(message as unknown as ServerMessage);
}

const PLAYER_KINDS: ReadonlySet<string> = new Set<PlayerMessage['kind']>(['hello', 'request', 'command', 'input', 'ack', 'ping', 'bye']);

function framesOf(messages: readonly FrameVector['message'][]): FrameVectors {
  const all = messages.map((message) => ({ message, frame: hex(frameOf(message)) }));
  return {
    fromPlayer: all.filter(({ message }) => PLAYER_KINDS.has(message.kind)),
    toPlayer: all.filter(({ message }) => !PLAYER_KINDS.has(message.kind)),
    malformed: MALFORMED,
  };
}

/** Returns the messages in the examples of `docs/protocol.md`. */
function examplesOf(page: string): FrameVector['message'][] {
  return [...page.matchAll(/```hex\n(.*)\n/g)].map(([, json]) => JSON.parse(json!) as FrameVector['message']);
}

/** Messages with values that decoders often decode wrongly. */
const MORE_FRAMES: readonly FrameVector['message'][] = [
  { kind: 'hello', protocol: 1, token: 'a.b.c', compact: true },
  { kind: 'request', id: 4_294_967_295, operation: 'rooms.list', data: { game: 'chess', limit: 10, filter: { free: { min: 1 } } } },
  { kind: 'command', seq: 4_294_967_295, settled: 4_294_967_294, name: 'größe', data: [null, true, false, 'ü', '😀', ''] },
  { kind: 'input', number: 4_294_967_295, data: 0 },
  { kind: 'response', id: 0, data: null },
  {
    kind: 'response',
    id: 7,
    data: { integers: [0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295, -1, -32, -33, -128, -129, -32_768, -32_769, -2_147_483_648] },
  },
  { kind: 'response', id: 8, data: { large: [4_294_967_296, 9_007_199_254_740_991, -9_007_199_254_740_991], floats: [0.1, -2.5, 1e300] } },
  { kind: 'response', id: 9, data: { texts: ['x'.repeat(31), 'x'.repeat(32), 'x'.repeat(256)], list: Array<number>(17).fill(1) } },
  { kind: 'response', id: 10, error: { code: 'rate-limited', message: 'Too many messages; slow down.', retry: true, retryAfterMs: 250 } },
  { kind: 'placed', room: 'r', game: 'g', seat: null, epoch: 3, round: 1, players: [], seq: 0, rewound: { from: 9, to: 4 } },
  { kind: 'sync', version: 3, seq: 0, room: 'r', from: 2, patches: [], missed: true },
];

const MALFORMED: FrameVectors['malformed'] = [
  { name: 'a sync whose body ends inside a map', frame: '85000000010000000182a1' },
  { name: 'a sync that ends within its header', frame: '8500000001' },
  { name: 'a room whose body is no map', frame: '83c0' },
  { name: 'a room with bytes after its body', frame: '838000' },
  { name: 'a response with an extension type', frame: '820000000100d60000000000' },
  { name: 'a response with a list longer than the frame', frame: '820000000100ddffffffff' },
  { name: 'a response with a key that is no string', frame: '820000000100810102' },
  { name: 'a response with the key __proto__', frame: '82000000010081a95f5f70726f746f5f5f01' },
  { name: 'a response with an integer above 2^53 - 1', frame: '820000000100cf0020000000000000' },
];
