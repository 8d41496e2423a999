import { HoldfastError } from './errors.js';
import type { PlayerMessage, ServerMessage } from './messages.js';
import { pack } from './pack.js';
import { parsePlainJson } from './plain-json.js';
import { decodeText, decodeValue, NotPlainError, PLAYER_LIMITS, type ReadLimits, SERVER_LIMITS } from './plain-value.js';

/**
 * The first byte of each message in binary form. Big-endian numbers in a fixed header follow, then one MessagePack value. The header
 * contains the fields by which servers route a message, and servers read these fields without decoding (`HEADER`). Only the client and the
 * server that handles the message decode the body. `docs/protocol.md` shows the layout with example bytes.
 */
export const KIND = {
  hello: 0x01,
  request: 0x02,
  command: 0x03,
  ack: 0x04,
  ping: 0x05,
  bye: 0x06,
  input: 0x07,
  welcome: 0x81,
  response: 0x82,
  room: 0x83,
  placed: 0x84,
  sync: 0x85,
  rejected: 0x86,
  paused: 0x87,
  resumed: 0x88,
  ended: 0x89,
  pong: 0x8a,
  error: 0x8b,
  goodbye: 0x8c,
  compact: 0x8d,
  players: 0x8e,
  rooms: 0x8f,
  chat: 0x90,
  match: 0x91,
} as const;

/** Byte offsets in binary frames, for servers that route frames without decoding them. */
export const HEADER = {
  request: { id: 1, nameLength: 5, name: 6 },
  command: { seq: 1, settled: 5, nameLength: 9, name: 10 },
  ack: { version: 1, length: 5 },
  ping: { nonce: 1, length: 5 },
  input: { number: 1, body: 5 },
  response: { id: 1, failed: 5, body: 6 },
  sync: { version: 1, seq: 5, body: 9 },
  rejected: { seq: 1, body: 5 },
  rooms: { id: 1, body: 5 },
} as const;

const KIND_NAMES = new Map<number, string>(Object.entries(KIND).map(([name, byte]) => [byte, name]));
const text = new TextEncoder();
const UINT32_MAX = 0xffff_ffff;

/** Returns the kind of a player's message by its first byte, or null when players send no message of this kind. */
export function playerKindOf(byte: number): PlayerMessage['kind'] | null {
  return byte < 0x80 ? ((KIND_NAMES.get(byte) as PlayerMessage['kind']) ?? null) : null;
}

export function encodePlayerMessage(message: PlayerMessage): Uint8Array {
  switch (message.kind) {
    case 'hello':
      return withBody(KIND.hello, [], bodyOf(message, ['kind']));
    case 'request':
      return named(KIND.request, [message.id], message.operation, message.data);
    case 'command':
      return named(KIND.command, [message.seq, message.settled ?? Math.max(0, message.seq - 1)], message.name, message.data);
    case 'ack':
      return withHeader(KIND.ack, [message.version]);
    case 'ping':
      return withHeader(KIND.ping, [message.nonce]);
    case 'bye':
      return withHeader(KIND.bye, []);
    case 'input': {
      const { number, data } = message;
      return data === undefined ? withHeader(KIND.input, [number]) : withBody(KIND.input, [number], data);
    }
  }
}

/** Decodes a message of a player in binary form. Throws `bad-frame` or `unknown-kind`. */
export function decodePlayerMessage(frame: Uint8Array): PlayerMessage {
  const read = reader(frame);
  switch (frame[0]) {
    case KIND.hello:
      return hello(object(unpackBody(frame, 1)));
    case KIND.request: {
      const { name, end } = readName(frame, HEADER.request.nameLength);
      return { kind: 'request', id: read(1), operation: name, data: unpackBody(frame, end) };
    }
    case KIND.command: {
      const { name, end } = readName(frame, HEADER.command.nameLength);
      return { kind: 'command', seq: read(1), settled: read(5), name, data: unpackBody(frame, end) };
    }
    case KIND.ack:
      return { kind: 'ack', version: read(1) };
    case KIND.ping:
      return { kind: 'ping', nonce: read(1) };
    case KIND.bye:
      return { kind: 'bye' };
    case KIND.input:
      return { kind: 'input', number: read(HEADER.input.number), data: unpackBody(frame, HEADER.input.body) };
    default:
      throw new HoldfastError('unknown-kind');
  }
}

export function encodeServerMessage(message: ServerMessage): Uint8Array {
  switch (message.kind) {
    case 'response': {
      const failed = message.error !== undefined;
      return concat([
        header(KIND.response, [message.id]),
        Uint8Array.of(failed ? 1 : 0),
        pack(failed ? message.error : (message.data ?? null)),
      ]);
    }
    case 'sync':
      return withBody(KIND.sync, [message.version, message.seq], bodyOf(message, ['kind', 'version', 'seq']));
    case 'rejected':
      return withBody(KIND.rejected, [message.seq], bodyOf(message, ['kind', 'seq']));
    case 'rooms':
      return withBody(KIND.rooms, [message.id], bodyOf(message, ['kind', 'id']));
    case 'pong':
      return withHeader(KIND.pong, [message.nonce]);
    default:
      return withBody(KIND[message.kind], [], bodyOf(message, ['kind']));
  }
}

/** Decodes a message of a server in binary form. `decodeCompactSync` decodes compact syncs. Throws `bad-frame` or `unknown-kind`. */
export function decodeServerMessage(frame: Uint8Array): ServerMessage {
  const read = reader(frame);
  switch (frame[0]) {
    case KIND.response: {
      const body = readBody(frame, HEADER.response.body, SERVER_LIMITS);
      const id = read(1);
      return frame[HEADER.response.failed] === 1 ? { kind: 'response', id, error: body as never } : { kind: 'response', id, data: body };
    }
    case KIND.sync: {
      const message = serverFields(frame, HEADER.sync.body, 'sync');
      message.version = read(1);
      message.seq = read(5);
      return message as unknown as ServerMessage;
    }
    case KIND.rejected: {
      const message = serverFields(frame, HEADER.rejected.body, 'rejected');
      message.seq = read(1);
      return message as unknown as ServerMessage;
    }
    case KIND.rooms: {
      const message = serverFields(frame, HEADER.rooms.body, 'rooms');
      message.id = read(HEADER.rooms.id);
      return message as unknown as ServerMessage;
    }
    case KIND.pong:
      return { kind: 'pong', nonce: read(1) };
    default: {
      const kind = frame[0]! >= 0x80 && frame[0] !== KIND.compact ? KIND_NAMES.get(frame[0]!) : undefined;
      if (kind === undefined) throw new HoldfastError('unknown-kind');
      return serverFields(frame, 1, kind) as unknown as ServerMessage;
    }
  }
}

/** Adds the kind to the decoded map itself, because a copy of the map would cost five times as much. */
function serverFields(frame: Uint8Array, start: number, kind: string): Record<string, unknown> {
  const fields = object(readBody(frame, start, SERVER_LIMITS));
  fields.kind = kind;
  return fields;
}

/** Decodes a player's message in JSON form, which is the message object itself. Throws `bad-frame` or `unknown-kind`. */
export function playerMessageFromJson(json: string): PlayerMessage {
  let message: unknown;
  try {
    // One level deeper than the limit for data, because the message is itself a map that contains the data.
    message = parsePlainJson(json, { ...PLAYER_LIMITS, depth: PLAYER_LIMITS.depth + 1 });
  } catch (cause) {
    if (!(cause instanceof NotPlainError)) throw cause;
    throw new HoldfastError('bad-frame', `The message is not plain JSON: ${cause.message}.`, { cause });
  }
  const fields = object(message);
  switch (fields.kind) {
    case 'hello':
      return hello(fields);
    case 'bye':
      return { kind: 'bye' };
    case 'request':
      return { kind: 'request', id: uint32(fields, 'id'), operation: string(fields, 'operation'), data: fields.data };
    case 'command': {
      const seq = uint32(fields, 'seq');
      const settled = fields.settled === undefined ? Math.max(0, seq - 1) : uint32(fields, 'settled');
      return { kind: 'command', seq, settled, name: string(fields, 'name'), data: fields.data };
    }
    case 'ack':
      return { kind: 'ack', version: uint32(fields, 'version') };
    case 'ping':
      return { kind: 'ping', nonce: uint32(fields, 'nonce') };
    case 'input':
      return { kind: 'input', number: uint32(fields, 'number'), data: fields.data };
    default:
      throw new HoldfastError('unknown-kind');
  }
}

export function serverMessageToJson(message: ServerMessage): string {
  return JSON.stringify(message);
}

export function readName(frame: Uint8Array, lengthAt: number): { name: string; end: number } {
  if (frame.length <= lengthAt) throw new HoldfastError('bad-frame', 'The frame ends within its header.');
  const end = lengthAt + 1 + frame[lengthAt]!;
  if (frame.length < end) throw new HoldfastError('bad-frame', 'The frame ends within its name.');
  try {
    return { name: decodeText(frame, lengthAt + 1, end), end };
  } catch (cause) {
    throw new HoldfastError('bad-frame', 'The name is not UTF-8.', { cause });
  }
}

/**
 * Decodes the MessagePack value from `start` to the end of a player's frame. Returns undefined for an empty body. Throws
 * `bad-frame`.
 */
export function unpackBody(frame: Uint8Array, start: number): unknown {
  return readBody(frame, start, PLAYER_LIMITS);
}

function readBody(frame: Uint8Array, start: number, limits: ReadLimits): unknown {
  if (frame.length === start) return undefined;
  if (frame.length < start) throw new HoldfastError('bad-frame', 'The frame ends within its header.');
  try {
    return decodeValue(frame, start, frame.length, limits);
  } catch (cause) {
    if (!(cause instanceof NotPlainError)) throw cause;
    throw new HoldfastError('bad-frame', `The body is not one plain MessagePack value: ${cause.message} of it.`, { cause });
  }
}

function reader(frame: Uint8Array): (offset: number) => number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return (offset) => {
    if (offset + 4 > frame.length) throw new HoldfastError('bad-frame', 'The frame ends within its header.');
    return view.getUint32(offset);
  };
}

function header(kind: number, numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(1 + 4 * numbers.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = kind;
  numbers.forEach((value, index) => {
    view.setUint32(1 + 4 * index, value);
  });
  return bytes;
}

const withHeader = header;

function withBody(kind: number, numbers: readonly number[], body: unknown): Uint8Array {
  return concat([header(kind, numbers), pack(body)]);
}

function named(kind: number, numbers: readonly number[], name: string, data: unknown): Uint8Array {
  const nameBytes = text.encode(name);
  if (nameBytes.length > 255) throw new HoldfastError('bad-frame', 'A name has at most 255 bytes.');
  const parts = [header(kind, numbers), Uint8Array.of(nameBytes.length), nameBytes];
  if (data !== undefined) parts.push(pack(data));
  return concat(parts);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function bodyOf(message: object, without: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message).filter(([key, value]) => value !== undefined && !without.includes(key)));
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw new HoldfastError('bad-frame', 'The message is not a map.');
  return value as Record<string, unknown>;
}

function hello(fields: Record<string, unknown>): PlayerMessage {
  const { protocol } = fields;
  if (typeof protocol !== 'number') throw new HoldfastError('bad-frame', '`protocol` must be a number.');
  const message: Record<string, unknown> = { kind: 'hello', protocol };
  for (const name of ['name', 'token', 'session', 'secret', 'room'] as const)
    if (fields[name] != null) message[name] = string(fields, name);
  for (const name of ['round', 'version'] as const) if (fields[name] != null) message[name] = uint32(fields, name);
  if (fields.epoch != null) message.epoch = epoch(fields.epoch);
  if (fields.compact != null) message.compact = boolean(fields, 'compact');
  return message as unknown as PlayerMessage;
}

function uint32(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > UINT32_MAX) {
    throw new HoldfastError('bad-frame', `\`${name}\` must be a whole number from 0 to ${UINT32_MAX}.`);
  }
  return value;
}

/** Checks an epoch and returns it. Epochs are about the current time in ms since 1970, so they need more than 32 bits. */
function epoch(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new HoldfastError('bad-frame', `\`epoch\` must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`);
  return value as number;
}

function boolean(fields: Record<string, unknown>, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new HoldfastError('bad-frame', `\`${name}\` must be a boolean.`);
  return value;
}

function string(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new HoldfastError('bad-frame', `\`${name}\` must be a string.`);
  return value;
}
