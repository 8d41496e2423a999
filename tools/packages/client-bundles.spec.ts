import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as ts from 'typescript';
import { ROOT } from '../process/paths.mjs';
import type { Bundle } from './client-bundles.mjs';

/** Maximum compressed sizes, in bytes, of the program with the WebSocket entry: without compact syncs, and with them. */
const GZIPPED_BYTES_MAX = 15 * 1024;
const COMPACT_GZIPPED_BYTES_MAX = 19 * 1024;
/** Maximum compressed size, in bytes, of the program of a real-time game with compact syncs, prediction and interpolation. */
const REALTIME_GZIPPED_BYTES_MAX = 24 * 1024;
/** Maximum compressed size, in bytes, that one more entry (chats, or lists of rooms) adds to the program with the WebSocket entry. */
const ADDED_GZIPPED_BYTES_MAX = 3 * 1024;
/** An error message in the code of prediction. A bundle contains this text only if it contains that code. */
const PREDICTION = 'it must be a number of ms above 0, such as 50.';
const BUNDLERS = ['esbuild', 'rolldown', 'vite', 'webpack'];

let folder: string;
let bundles: Bundle[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-client-'));
  bundles = await bundlesOf('@holdfast/client');
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function bundlesOf(name: string): Promise<Bundle[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'tools/packages/client-bundles.mjs'), folder, name]);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Bundle);
}

describe('the built client', () => {
  it('has at most the allowed size after compression, with each bundler', async () => {
    expect(bundles.map(({ bundler, problems }) => ({ bundler, problems }))).toEqual(BUNDLERS.map((bundler) => ({ bundler, problems: [] })));
    for (const { file, gzippedBytes } of bundles) {
      expect(gzippedBytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
      const code = await readFile(file, 'utf8');
      expect(code.includes('holdfast.v1.msgpack')).toBe(true);
      expect(code.includes(PREDICTION)).toBe(false);
    }
  });

  it('has an entry with the decoder of compact syncs, but without the encoder', async () => {
    const withCompact = await bundlesOf('@holdfast/client/compact');
    expect(withCompact.map(({ bundler, problems }) => ({ bundler, problems }))).toEqual(
      BUNDLERS.map((bundler) => ({ bundler, problems: [] })),
    );
    for (const { file, gzippedBytes } of withCompact) {
      expect(gzippedBytes).toBeLessThanOrEqual(COMPACT_GZIPPED_BYTES_MAX);
      const code = await readFile(file, 'utf8');
      expect(code.includes('The state after the sync has another hash.')).toBe(true);
      // This error message is in the code of the encoder, so its absence shows that the bundle does not contain the encoder.
      expect(code.includes('An object has a class.')).toBe(false);
    }
  }, 120_000);

  it('has an entry with prediction and interpolation that is bundled without a warning', async () => {
    const moving = await bundlesOf('@holdfast/client/realtime');
    expect(moving.map(({ bundler, problems }) => ({ bundler, problems }))).toEqual(BUNDLERS.map((bundler) => ({ bundler, problems: [] })));
    for (const { file, gzippedBytes } of moving) {
      expect(gzippedBytes).toBeLessThanOrEqual(REALTIME_GZIPPED_BYTES_MAX);
      expect((await readFile(file, 'utf8')).includes(PREDICTION)).toBe(true);
    }
  }, 120_000);

  it.each([
    ['chat', 'chat.history'],
    ['lobby', 'rooms.list'],
  ])(
    'has the entry %s, and the entry adds at most 3 KB to a page with each bundler',
    async (entry, request) => {
      const withEntry = await bundlesOf(`@holdfast/client/${entry}`);
      expect(withEntry.map(({ bundler, problems }) => ({ bundler, problems }))).toEqual(
        BUNDLERS.map((bundler) => ({ bundler, problems: [] })),
      );
      for (const [index, { file, gzippedBytes }] of withEntry.entries()) {
        expect(gzippedBytes - bundles[index].gzippedBytes).toBeLessThanOrEqual(ADDED_GZIPPED_BYTES_MAX);
        expect((await readFile(file, 'utf8')).includes(request)).toBe(true);
      }
    },
    120_000,
  );

  it('has an entry for Node whose imports of node:net or ws each bundler for browsers reports', async () => {
    const inNode = await bundlesOf('@holdfast/client/node');
    expect(inNode.map(({ bundler }) => bundler)).toEqual(BUNDLERS);
    for (const { problems } of inNode) expect(problems.join('\n')).toMatch(/node:net|"ws"/);
  }, 120_000);

  it.each([
    ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
    ['node16', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
    ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
  ])('has types for a strict program with `moduleResolution: %s`', async (name, module, moduleResolution) => {
    const file = join(folder, `${name}.mts`);
    await writeFile(file, PROGRAM);
    const program = ts.createProgram([file], {
      module,
      moduleResolution,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    });
    const errors = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(errors).toEqual([]);
  });
});

/** A program that uses the client. The lines after `@ts-expect-error` prove that the types are not `any`. */
const PROGRAM = `
import { connect, type ConnectOptions, HoldfastError, type Room, type Session } from '@holdfast/client';
import { compact } from '@holdfast/client/compact';
import { connect as connectInNode } from '@holdfast/client/node';
import { interpolate, predict } from '@holdfast/client/realtime';

interface Rules {
  setup(room: { reject(code: string): never }): { count: number };
  add(room: { reject(code: string): never }, data: { n: number }): void;
}

export async function play(url: string): Promise<number> {
  const options: ConnectOptions = { name: 'Ada', storage: sessionStorage, WebSocket, compact };
  const session: Session = await connect([url], options);
  await connectInNode(url, { ...options, ca: '' });
  // @ts-expect-error: only the entry for Node has certificates
  await connect(url, { name: 'Ada', ca: '' });
  const room: Room<Rules> = await session.quickMatch<Rules>('counter', { signal: AbortSignal.timeout(1_000) });
  session.on('closed', (error: HoldfastError | null) => console.log(error?.code, error?.retryAfterMs));
  room.on('end', ({ reason }) => reason satisfies string);
  await room.send('add', { n: 1 });
  // @ts-expect-error: the data of this command is required
  await room.send('add');
  const count = predict(room, {
    stepMs: 50,
    own: (state) => state,
    step: (own, by: number) => ({ count: own.count + by }),
    idle: 0,
    blend: { count: 'linear' },
  });
  count.hold(1);
  count.sample()?.count satisfies number | undefined;
  // @ts-expect-error: the state has no such field
  interpolate(room, { entities: (state) => [state], key: () => 0, blend: { x: 'linear' } });
  // @ts-expect-error: no such event
  session.on('opened', () => {});
  return room.state?.count ?? 0;
}
`;
