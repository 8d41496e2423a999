import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from './main.js';

/** The name of a case that takes little time. */
const CASE = 'sends hello first';

/** A client that answers every instruction, and never opens a connection. */
const SILENT = `node -e 'process.stdin.on("data", (line) => console.log(JSON.stringify({ id: JSON.parse(line).id, result: {} })))'`;

describe('npm run conformance', () => {
  let printed: string[];
  beforeEach(() => {
    printed = [];
    jest.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  });
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['ends at once', 'true', 'the client has ended (exit code 0)'],
    ['prints something other than JSON', "sh -c 'echo hello; cat >/dev/null'", 'the client printed a line that is not JSON: hello'],
    ['never connects', SILENT, 'expected a connection within'],
  ])('fails a client that %s, and names the reason', async (_what, client, why) => {
    expect(await main(['--client', client, '--only', CASE])).toBe(1);
    expect(printed.join('\n')).toContain(why);
    expect(printed.at(-1)).toBe('\n0 passed, 1 failed, 0 skipped');
  });

  it('writes the same test vectors as those of this repository into a new folder', async () => {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-vectors-'));
    try {
      expect(await main(['--vectors', join(home, 'new')])).toBe(0);
      for (const name of ['frames.json', 'patches.json', 'syncs.json', 'sessions.json'])
        expect(await readJson(join(home, 'new', name))).toEqual(await readJson(join('conformance', name)));
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  it('fails when no case has the given name', async () => {
    expect(await main(['--client', 'true', '--only', 'no such case'])).toBe(1);
  });
});

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}
