import * as fc from 'fast-check';
import type { RoomId, SessionId } from '#libs/protocol';
import {
  decodePlayerMessage,
  decodeServerMessage,
  encodePlayerMessage,
  encodeServerMessage,
  HEADER,
  KIND,
  playerKindOf,
  playerMessageFromJson,
  serverMessageToJson,
} from './codec.js';
import { HoldfastError } from './errors.js';
import { LEFT_REASONS, PAUSE_REASONS, type PlayerMessage, RESUME_REASONS, type ServerMessage } from './messages.js';
import { NESTING_MAX } from './plain-value.js';

const u32 = fc.nat({ max: 0xffff_ffff });
const name = fc.string({ maxLength: 60, unit: 'grapheme' });
const roomId = name as fc.Arbitrary<RoomId>;
const sessionId = name as fc.Arbitrary<SessionId>;
/** Any JSON value without the key `__proto__`, which the codec refuses. */
const data = fc
  .jsonValue({ maxDepth: 4, noUnicodeString: false } as fc.JsonSharedConstraints)
  .filter((value) => !JSON.stringify(value).includes('__proto__'));
/** Any value of `data` without -0, because neither JSON nor the MessagePack dialect can represent -0. */
const plain = data.map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const playerMessages: fc.Arbitrary<PlayerMessage> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('hello' as const),
      protocol: u32,
      name,
      token: name,
      session: sessionId,
      secret: name,
      room: roomId,
      round: u32,
      version: u32,
      epoch: fc.nat({ max: 2 ** 45 }),
      compact: fc.boolean(),
    },
    { requiredKeys: ['kind', 'protocol'] },
  ),
  fc.record({ kind: fc.constant('request' as const), id: u32, operation: name, data: plain }),
  fc.record({ kind: fc.constant('command' as const), seq: u32, settled: u32, name, data: plain }),
  fc.record({ kind: fc.constant('ack' as const), version: u32 }),
  fc.record({ kind: fc.constant('ping' as const), nonce: u32 }),
  fc.constant({ kind: 'bye' as const }),
  fc.record({ kind: fc.constant('input' as const), number: u32, data: plain }),
);

const error = fc.record({ code: name, message: name, retry: fc.boolean() });
const serverMessages: fc.Arbitrary<ServerMessage> = fc.oneof(
  fc.record({ kind: fc.constant('response' as const), id: u32, data: plain }),
  fc.record({ kind: fc.constant('response' as const), id: u32, error }),
  fc.record({ kind: fc.constant('room' as const), room: fc.constant(null), reason: fc.constantFrom(...LEFT_REASONS) }),
  fc.record(
    {
      kind: fc.constant('placed' as const),
      room: roomId,
      game: name,
      seat: fc.option(fc.nat()),
      epoch: fc.nat({ max: 2 ** 45 }),
      round: fc.nat(),
      players: fc.array(fc.record({ seat: fc.nat(), name })),
      seq: u32,
      rewound: fc.record({ from: u32, to: u32 }),
    },
    { requiredKeys: ['kind', 'room', 'game', 'seat', 'epoch', 'round', 'players', 'seq'] },
  ),
  fc.record({ kind: fc.constant('sync' as const), version: u32, seq: u32, room: roomId, state: plain }),
  fc.record({
    kind: fc.constant('sync' as const),
    version: u32,
    seq: u32,
    room: roomId,
    from: u32,
    patches: fc.array(fc.record({ op: fc.constant('replace' as const), path: name, value: plain })),
  }),
  error.chain((body) => fc.record({ kind: fc.constant('rejected' as const), seq: u32 }).map((message) => ({ ...message, ...body }))),
  fc.record({ kind: fc.constant('paused' as const), room: roomId, reason: fc.constantFrom(...PAUSE_REASONS) }),
  fc.record({ kind: fc.constant('resumed' as const), room: roomId, reason: fc.constantFrom(...RESUME_REASONS) }),
  fc.record({ kind: fc.constant('ended' as const), room: roomId, reason: fc.constant('finished' as const), result: plain }),
  fc.record({ kind: fc.constant('pong' as const), nonce: u32 }),
  error.map((body) => ({ kind: 'error' as const, ...body })),
  fc.record({ kind: fc.constant('goodbye' as const), code: name, reason: name, retryAfterMs: fc.nat() }),
);

describe('the codec of messages', () => {
  it('decodes every encoded player message to an equal message, in binary and in JSON', () => {
    return fc.assert(
      fc.property(playerMessages, (message) => {
        expect(decodePlayerMessage(encodePlayerMessage(message))).toEqual(message);
        expect(playerMessageFromJson(JSON.stringify(message))).toEqual(message);
      }),
    );
  });

  it('decodes every encoded server message to an equal message, in binary and in JSON', () => {
    return fc.assert(
      fc.property(serverMessages, (message) => {
        expect(decodeServerMessage(encodeServerMessage(message))).toEqual(message);
        expect(JSON.parse(serverMessageToJson(message))).toEqual(message);
      }),
    );
  });

  it('decodes a frame that is a part of a larger buffer', () => {
    const frame = encodePlayerMessage({ kind: 'command', seq: 9, settled: 7, name: 'place', data: { cell: 4 } });
    const buffer = new Uint8Array(frame.length + 7).fill(0xee);
    buffer.set(frame, 3);
    expect(decodePlayerMessage(buffer.subarray(3, 3 + frame.length))).toEqual({
      kind: 'command',
      seq: 9,
      settled: 7,
      name: 'place',
      data: { cell: 4 },
    });
  });

  it('sets `settled` to `seq` - 1, but at least 0, when a command omits `settled`', () => {
    expect(decodePlayerMessage(encodePlayerMessage({ kind: 'command', seq: 3, name: 'x' }))).toMatchObject({ seq: 3, settled: 2 });
    expect(decodePlayerMessage(encodePlayerMessage({ kind: 'command', seq: 0, name: 'x' }))).toMatchObject({ seq: 0, settled: 0 });
    expect(playerMessageFromJson('{"kind":"command","seq":3,"name":"x"}')).toMatchObject({ settled: 2 });
  });

  it('writes each header field at its offset in `HEADER`', () => {
    const command = encodePlayerMessage({ kind: 'command', seq: 5, settled: 4, name: 'go', data: 1 });
    const view = new DataView(command.buffer, command.byteOffset);
    expect(view.getUint32(HEADER.command.seq)).toBe(5);
    expect(view.getUint32(HEADER.command.settled)).toBe(4);
    expect(command[HEADER.command.nameLength]).toBe(2);
    expect(playerKindOf(command[0])).toBe('command');
    const sync = encodeServerMessage({ kind: 'sync', version: 8, seq: 5, room: 'r' as RoomId, state: null });
    expect(new DataView(sync.buffer, sync.byteOffset).getUint32(HEADER.sync.seq)).toBe(5);
  });

  it('refuses a server message that a player sends, and a player message that a server sends', () => {
    for (const [kind, byte] of Object.entries(KIND)) expect(playerKindOf(byte)).toBe(byte < 0x80 ? kind : null);
    expect(playerKindOf(0x7f)).toBeNull();
    expect(() => decodePlayerMessage(encodeServerMessage({ kind: 'pong', nonce: 1 }))).toThrow(
      expect.objectContaining({ code: 'unknown-kind' }),
    );
    expect(() => decodeServerMessage(encodePlayerMessage({ kind: 'bye' }))).toThrow(expect.objectContaining({ code: 'unknown-kind' }));
  });

  it('refuses to encode a request whose operation has a name of more than 255 bytes', () => {
    expect(() => encodePlayerMessage({ kind: 'request', id: 1, operation: 'ä'.repeat(128) })).toThrow(HoldfastError);
  });
});

/** Returns the value that `act` threw, or null when it threw nothing. */
function thrownBy(act: () => unknown): unknown {
  try {
    act();
    return null;
  } catch (error) {
    return error;
  }
}

function isRefusal(error: unknown): boolean {
  return error === null || (error instanceof HoldfastError && (error.code === 'bad-frame' || error.code === 'unknown-kind'));
}

describe('the decoder of untrusted messages', () => {
  it('throws only `bad-frame` or `unknown-kind` when it decodes random bytes', () => {
    const kinds = fc.constantFrom(...Object.values(KIND), 0, 0xff);
    return fc.assert(
      fc.property(kinds, fc.uint8Array({ maxLength: 64 }), (kind, rest) => {
        const frame = Uint8Array.of(kind, ...rest);
        expect(isRefusal(thrownBy(() => decodePlayerMessage(frame)))).toBe(true);
        expect(isRefusal(thrownBy(() => decodeServerMessage(frame)))).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('throws only `bad-frame` or `unknown-kind` when it decodes a truncated or modified frame', () => {
    return fc.assert(
      fc.property(playerMessages, fc.nat(), fc.nat({ max: 255 }), (message, at, byte) => {
        const frame = encodePlayerMessage(message);
        expect(isRefusal(thrownBy(() => decodePlayerMessage(frame.subarray(0, at % (frame.length + 1)))))).toBe(true);
        frame[at % frame.length] = byte;
        expect(isRefusal(thrownBy(() => decodePlayerMessage(frame)))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('throws only `bad-frame` or `unknown-kind` when it decodes random text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({
          kind: fc.constantFrom('hello', 'request', 'command', 'ack', 'ping', 'bye', 'input', 'x'),
          id: fc.anything(),
          seq: fc.anything(),
        })
        .map((value) => {
          try {
            return JSON.stringify(value);
          } catch {
            return '{';
          }
        }),
    );
    return fc.assert(fc.property(texts, (text) => expect(isRefusal(thrownBy(() => playerMessageFromJson(text)))).toBe(true)));
  });

  it('accepts a body of the maximum depth, but not a deeper body', () => {
    const nested = (depth: number): Uint8Array =>
      Uint8Array.of(KIND.request, 0, 0, 0, 1, 1, 0x6d, ...new Array<number>(depth).fill(0x91), 0xc0);
    const message = decodePlayerMessage(nested(NESTING_MAX));
    expect(Buffer.from(encodePlayerMessage(message))).toEqual(Buffer.from(nested(NESTING_MAX)));
    // Without a limit for the depth, a body of depth 8000 could be decoded but not encoded again.
    for (const depth of [NESTING_MAX + 1, 8_000])
      expect(() => decodePlayerMessage(nested(depth))).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('refuses a hello in which a field has the wrong type', () => {
    expect(() => playerMessageFromJson('{"kind":"hello","protocol":1,"name":{}}')).toThrow(expect.objectContaining({ code: 'bad-frame' }));
    expect(() => playerMessageFromJson('{"kind":"hello","name":"Ada"}')).toThrow(expect.objectContaining({ code: 'bad-frame' }));
    expect(playerMessageFromJson('{"kind":"hello","protocol":1,"name":"Ada","token":null,"more":1}')).toEqual({
      kind: 'hello',
      protocol: 1,
      name: 'Ada',
    });
  });
});
