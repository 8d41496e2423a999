import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodePlayerMessage, decodeServerMessage, encodePlayerMessage, encodeServerMessage, KIND } from './codec.js';
import { decodeCompactSync, encodeCompactSync } from './compact-sync.js';
import { ERROR_CODES, errorBody } from './errors.js';
import {
  type CompactSync,
  LEFT_REASONS,
  MATCH_END_REASONS,
  PAUSE_REASONS,
  type PlayerMessage,
  RESUME_REASONS,
  type ServerMessage,
} from './messages.js';

const page = readFileSync(join(process.cwd(), 'docs/protocol.md'), 'utf8');

interface Example {
  readonly message: PlayerMessage | ServerMessage | CompactSync;
  readonly bytes: Uint8Array;
}

const examples: Example[] = [...page.matchAll(/```hex\n(.*)\n([^`]*)```/g)].map(([, json, hex]) => ({
  message: withBytes(JSON.parse(json) as Example['message']),
  bytes: bytesOf(hex.replace(/\s+/g, '')),
}));

/** Replaces the hexadecimal digits of a compact sync by bytes. */
function withBytes(message: Example['message']): Example['message'] {
  if (message.kind !== 'compact') return message;
  for (const name of ['state', 'patch'] as const)
    if (message[name] !== undefined) message[name] = bytesOf(message[name] as unknown as string);
  return message;
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

describe('the page docs/protocol.md', () => {
  it('contains an example of every kind of message', () => {
    expect(new Set(examples.map(({ message }) => message.kind))).toEqual(new Set(Object.keys(KIND)));
  });

  it.each(examples.map((example) => [JSON.stringify(example.message), example] as const))(
    'contains the bytes of the example %s',
    (_json, { message, bytes }) => {
      if (message.kind === 'compact') {
        expect(Buffer.from(encodeCompactSync(message)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
        return expect(decodeCompactSync(bytes)).toEqual(message);
      }
      const isPlayers = bytes[0] < 0x80;
      const encoded = isPlayers ? encodePlayerMessage(message as PlayerMessage) : encodeServerMessage(message as ServerMessage);
      expect(Buffer.from(encoded).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
      expect(isPlayers ? decodePlayerMessage(bytes) : decodeServerMessage(bytes)).toEqual(message);
    },
  );

  it('states the first byte of every kind of message', () => {
    for (const [kind, byte] of Object.entries(KIND)) expect(page).toContain(`\`${kind}\`, kind \`${byte.toString(16).padStart(2, '0')}\``);
  });

  it.each([
    ['paused', 'reason of `paused`', PAUSE_REASONS],
    ['resumed', 'reason of `resumed`', RESUME_REASONS],
    ['room', 'reason', LEFT_REASONS],
    ['match', 'reason of `match`', MATCH_END_REASONS],
  ] as const)('names every reason of the message `%s`', (_kind, heading, reasons) => {
    const [, table = ''] = page.split(new RegExp(`^\\| ${heading} *\\| meaning \\|$`, 'm'));
    const [rows = ''] = table.trim().split('\n\n');
    expect([...rows.matchAll(/^\| `([\w-]+)` *\|/gm)].map(([, reason]) => reason).sort()).toEqual([...reasons].sort());
  });

  it('lists every error with its message and the field `retry`', () => {
    const [, section] = page.split('## Errors');
    const rows = [...section.matchAll(/^\| `([\w-]+)` *\| (yes|no) *\| (.*?) *\|$/gm)].map(([, code, retry, message]) => ({
      code,
      retry: retry === 'yes',
      message,
    }));
    expect(rows).toEqual(ERROR_CODES.map((code) => errorBody(code)));
  });
});
