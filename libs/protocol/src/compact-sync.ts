import { HoldfastError } from './errors.js';
import type { CompactSync, GameEvent } from './messages.js';
import { pack } from './pack.js';
import { decodeValue, NotPlainError, SERVER_LIMITS } from './plain-value.js';

/** The first byte of a compact sync. `codec.ts` lists it with the other kinds. */
const KIND = 0x8d;

/**
 * The flags in the first byte of a body. Exactly one of `state` and `from` is set. `clock`: the sync has a patch and an absolute time
 * (`time` instead of `elapsed`).
 */
const FLAG = { state: 1, from: 2, time: 4, hash: 8, events: 16, missed: 32, clock: 64 } as const;
const FLAGS_UNKNOWN = 0x80;

const UINT32_MAX = 0xffff_ffff;
/** Maximum length of an encoded number, in bytes. Eight bytes contain 56 bits of the number, which is enough for every safe integer. */
const VARINT_BYTES_MAX = 8;

/**
 * The fields of a compact sync that are the same for each recipient with the same view. A sync with `from` contains a patch; a sync without
 * `from` contains the whole state.
 */
export type CompactFields = Omit<CompactSync, 'kind' | 'seq' | 'input' | 'state' | 'patch'>;

/**
 * Encodes the body of a compact sync: everything after `seq` and `input`. A room encodes it once, and a gateway copies it into the frame of
 * each recipient.
 *
 * @param rest the bytes of `encodePatch` when `fields` has `from`, otherwise those of `encodeValue`
 */
export function encodeCompactBody(fields: CompactFields, rest: Uint8Array): Uint8Array {
  const { version, from, hash, time } = fields;
  const elapsed = from === undefined || time !== undefined ? undefined : fields.elapsed;
  const events = fields.events?.length ? pack(fields.events.map((event) => eventRow(event, version))) : null;
  const flags =
    (from === undefined ? FLAG.state : FLAG.from) |
    (time === undefined && elapsed === undefined ? 0 : FLAG.time) |
    (time === undefined || from === undefined ? 0 : FLAG.clock) |
    (hash === undefined ? 0 : FLAG.hash) |
    (events === null ? 0 : FLAG.events) |
    (fields.missed ? FLAG.missed : 0);
  const bytes = new Uint8Array(1 + 3 * VARINT_BYTES_MAX + 8 + 4 + VARINT_BYTES_MAX + (events?.length ?? 0) + rest.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = flags;
  let at = writeVarint(bytes, 1, version);
  if (from !== undefined) at = writeVarint(bytes, at, version - from);
  if (time !== undefined) {
    view.setFloat64(at, time);
    at += 8;
  } else if (elapsed !== undefined) at = writeVarint(bytes, at, elapsed);
  if (hash !== undefined) {
    view.setUint32(at, hash);
    at += 4;
  }
  if (events !== null) {
    at = writeVarint(bytes, at, events.length);
    bytes.set(events, at);
    at += events.length;
  }
  bytes.set(rest, at);
  return bytes.subarray(0, at + rest.length);
}

/** The number of bytes before the body in the frame of a recipient. */
export function compactHeaderBytes(seq: number, input: number): number {
  return 1 + varintBytes(seq) + varintBytes(input);
}

/** Writes the part of a frame that differs between recipients: the kind, `seq` and `input`. Returns the offset of the body. */
export function writeCompactHeader(bytes: Uint8Array, at: number, seq: number, input: number): number {
  bytes[at] = KIND;
  return writeVarint(bytes, writeVarint(bytes, at + 1, seq), input);
}

/** Encodes the frame of one recipient. */
export function encodeCompactSync(sync: CompactSync): Uint8Array {
  const body = encodeCompactBody(sync, (sync.from === undefined ? sync.state : sync.patch) ?? new Uint8Array(0));
  const start = compactHeaderBytes(sync.seq, sync.input);
  const frame = new Uint8Array(start + body.length);
  writeCompactHeader(frame, 0, sync.seq, sync.input);
  frame.set(body, start);
  return frame;
}

/**
 * Decodes a compact sync. `state` and `patch` are views into the frame.
 *
 * @throws `bad-frame` when the frame is malformed
 */
export function decodeCompactSync(frame: Uint8Array): CompactSync {
  const reader = new Reader(frame);
  const seq = reader.uint32();
  const input = reader.uint32();
  const flags = reader.byte();
  if ((flags & FLAGS_UNKNOWN) !== 0) refuse('it has flags that this version does not know');
  const isState = (flags & FLAG.state) !== 0;
  const isClock = (flags & FLAG.clock) !== 0;
  if (isClock && (isState || (flags & FLAG.time) === 0)) refuse('only the time of a patch has the flag of a clock');
  if (isState === ((flags & FLAG.from) !== 0)) refuse('it must have either a state or a patch');
  const version = reader.uint32();
  const sync: CompactSync = { kind: 'compact', seq, input, version };
  if (!isState) {
    sync.from = version - reader.varint();
    if (sync.from < 0) refuse('it starts from a version below 0');
  }
  if ((flags & FLAG.time) !== 0) {
    if (isState || isClock) sync.time = reader.time();
    else sync.elapsed = reader.varint();
  }
  if ((flags & FLAG.hash) !== 0) sync.hash = reader.view(4).getUint32(0);
  if ((flags & FLAG.events) !== 0) sync.events = eventsOf(reader.bytes(reader.varint()), version);
  if ((flags & FLAG.missed) !== 0) sync.missed = true;
  if (isState) sync.state = reader.rest();
  else sync.patch = reader.rest();
  return sync;
}

function eventRow({ version, name, data }: GameEvent, syncVersion: number): unknown[] {
  return data === undefined ? [syncVersion - version, name] : [syncVersion - version, name, data];
}

function eventsOf(bytes: Uint8Array, syncVersion: number): GameEvent[] {
  let rows: unknown;
  try {
    rows = decodeValue(bytes, 0, bytes.length, SERVER_LIMITS);
  } catch (cause) {
    if (!(cause instanceof NotPlainError)) throw cause;
    return refuse(`its events are not one plain MessagePack value: ${cause.message} of them`);
  }
  if (!Array.isArray(rows)) return refuse('its events are not an array');
  return rows.map((row) => {
    if (!Array.isArray(row)) return refuse('an event is not an array');
    const [age, name, data] = row as unknown[];
    const isEvent = row.length <= 3 && Number.isInteger(age) && (age as number) >= 0 && (age as number) <= syncVersion;
    if (!isEvent || typeof name !== 'string') return refuse('an event is not an array of a number, a name and data');
    const version = syncVersion - (age as number);
    return row.length === 3 ? { version, name, data } : { version, name };
  });
}

/** Reads the fields of a frame one by one, from its second byte on. */
class Reader {
  private at = 1;

  constructor(private readonly frame: Uint8Array) {}

  byte(): number {
    return this.frame[this.take(1)]!;
  }

  /** Reads an integer from 0 to 2^53 - 1: seven bits per byte, the lowest bits first, as in `docs/state-patch.md`. */
  varint(): number {
    let value = 0;
    for (let count = 0, factor = 1; count < VARINT_BYTES_MAX; count++, factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : refuse('a number is too large');
    }
    return refuse('a number has too many bytes');
  }

  uint32(): number {
    const value = this.varint();
    return value <= UINT32_MAX ? value : refuse('a number is above 2^32 - 1');
  }

  time(): number {
    const value = this.view(8).getFloat64(0);
    return Number.isFinite(value) ? value : refuse('its time is not a finite number');
  }

  view(count: number): DataView {
    const at = this.take(count);
    return new DataView(this.frame.buffer, this.frame.byteOffset + at, count);
  }

  bytes(count: number): Uint8Array {
    const at = this.take(count);
    return this.frame.subarray(at, at + count);
  }

  rest(): Uint8Array {
    return this.frame.subarray(this.at);
  }

  private take(count: number): number {
    const { at } = this;
    if (count > this.frame.length - at) refuse('it ends too early');
    this.at = at + count;
    return at;
  }
}

function writeVarint(bytes: Uint8Array, start: number, number: number): number {
  let at = start;
  let rest = number;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at] = rest;
  return at + 1;
}

function varintBytes(number: number): number {
  let count = 1;
  for (let rest = number; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++;
  return count;
}

function refuse(why: string): never {
  throw new HoldfastError('bad-frame', `A compact sync could not be decoded: ${why}.`);
}
