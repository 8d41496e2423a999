import { Agent, request } from 'node:http';
import * as fc from 'fast-check';
import { serverId } from '#libs/protocol';
import { ADMIN_TOKEN, type Gateway } from './gateway.js';
import { bentBytes, text, value } from './hostile.js';
import { DEFECT, Finding, inTime, type Target } from './target.js';
import { wildBytes } from './wild-bytes.js';

interface Case {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

const PATHS = ['fleet', 'servers', 'servers/:id', 'servers/:id/cordon', 'servers/:id/drain', 'servers/:id/evict', 'servers/:id/uncordon'];
const ROOM_PATHS = ['rooms', 'rooms/:id', 'rooms/:id/history', 'rooms/:id/migrate', 'rooms/:id/end', 'events', 'docs', ''];
const QUERIES = [
  'type',
  'game',
  'status',
  'server',
  'limit',
  'after',
  'recent',
  'type[]',
  'limit[a]',
  '__proto__',
  '__proto__[polluted]',
  'constructor',
];
const IDS = [
  '',
  '..',
  '%00',
  '%',
  '%zz',
  '%e0%a4%a',
  serverId('game', 'none'),
  'game:',
  '*',
  '{x}',
  '__proto__',
  '%0d%0a',
  'x'.repeat(2_000),
  '%F0%9F%92%A5',
];
const VALUES = [
  '',
  '-1',
  '0',
  '1e999',
  'NaN',
  '9'.repeat(30),
  '__proto__',
  'game',
  'playing',
  '1.x',
  `${'9'.repeat(16)}.r`,
  '%00',
  '%',
  '*',
];
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/json; charset=utf-7',
  'application/msgpack',
  'multipart/form-data',
  '',
];

export function adminRequests({ opsUrl }: Gateway, agent: Agent): Target<Case> {
  const body = fc.oneof(
    text,
    wildBytes,
    bentBytes(
      fc
        .record({ to: value, note: value })
        .map((fields) => Buffer.from(JSON.stringify(fields, (_, item) => (typeof item === 'bigint' ? String(item) : item)))),
    ),
  );
  return {
    name: 'admin requests',
    share: 8,
    cases: fc.record({
      method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'),
      path: fc
        .tuple(fc.constantFrom(...PATHS, ...ROOM_PATHS), fc.oneof(fc.constantFrom(...IDS), fc.string().map(uri)))
        .map(([path, id]) => path.replace(':id', () => id)),
      query: fc.array(fc.tuple(fc.constantFrom(...QUERIES), fc.oneof(fc.constantFrom(...VALUES), fc.string().map(uri))), { maxLength: 3 }),
      headers: fc.record({
        'content-type': fc.constantFrom(...TYPES),
        'last-event-id': fc.constantFrom('', '0', '__proto__'),
        'content-encoding': fc.constantFrom('identity', 'identity', 'identity', 'gzip', 'br', 'x'),
        authorization: fc.constantFrom(`Bearer ${ADMIN_TOKEN}`, `Bearer ${ADMIN_TOKEN}`, `Bearer ${ADMIN_TOKEN}`, 'Bearer', 'Basic =', ''),
      }),
      body: fc.option(body),
    }),
    async check(one) {
      const { status, answer, isStream } = await inTime(`${one.method} /api/${one.path}`, ask(opsUrl, agent, one));
      if (status >= 500 && status !== 503) throw new Finding(`answered ${status} ${answer}`);
      if (status < 400 || isStream || one.method === 'HEAD') return;
      const { code, message } = parsed(answer);
      if (typeof code !== 'string' || typeof message !== 'string' || code === DEFECT)
        throw new Finding(`answered ${status} without a code: ${answer.slice(0, 200)}`);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly answer: string;
  readonly isStream: boolean;
}

function ask(opsUrl: URL, agent: Agent, { method, path, query, headers, body }: Case): Promise<Answer> {
  const search = query.map(([name, what]) => `${name}=${what}`).join('&');
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        agent,
        host: opsUrl.hostname,
        port: opsUrl.port,
        method,
        path: `/api/${path}?${search}`,
        headers: { ...headers, 'content-length': body?.length ?? 0 },
      },
      (response) => {
        const status = response.statusCode as number;
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          response.destroy();
          return resolve({ status, answer: '', isStream: true });
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status, answer: String(Buffer.concat(chunks)), isStream: false }));
        response.on('error', reject);
      },
    );
    asking.on('error', reject);
    asking.end(body ?? undefined);
  });
}

function uri(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''));
}

function parsed(answer: string): { readonly code?: unknown; readonly message?: unknown } {
  try {
    return JSON.parse(answer) ?? {};
  } catch {
    return {};
  }
}
