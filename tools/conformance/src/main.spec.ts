import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../process/until.mjs';
import { main } from './main.js';

/** The name of a case that takes little time. */
const CASE = 'sends hello first';

/** A client that answers every instruction, and never opens a connection. */
const SILENT = `node -e 'process.stdin.on("data", (line) => console.log(JSON.stringify({ id: JSON.parse(line).id, result: {} })))'`;

/** Returns a client that connects with this subprotocol, and then sends the text as its first message. */
const sending = (text: string, subprotocol = 'holdfast.v1.json'): string =>
  `node -e 'const socket = () => new (require("ws"))(process.argv[1], "${subprotocol}").on("error", () => {}).on("open", function () { this.send(${JSON.stringify(text)}); });
    process.stdin.on("data", socket)'`;

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
    ['sends a message that is not JSON', sending('hello'), 'the client sent a frame or message that is not valid: '],
    ['sends a message of an unknown kind', sending('{"kind":"hi"}'), 'the client sent a frame or message that is not valid: '],
    [
      'offers no known subprotocol',
      sending('', 'chat'),
      'the gateway refused the WebSocket handshake of the client with 400: The header Sec-WebSocket-Protocol must offer',
    ],
  ])('fails a client that %s, and names the reason', async (_what, client, why) => {
    expect(await main(['--client', client, '--only', CASE])).toBe(1);
    expect(printed.join('\n')).toContain(why);
    expect(printed.at(-1)).toBe('\n0 passed, 1 failed, 0 skipped');
  });

  it('kills the processes that the client has started, even when they ignore the end of the input', async () => {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-client-'));
    try {
      const file = join(home, 'pid');
      expect(await main(['--client', `sh -c 'sleep 1000 & echo $! > ${file}; echo no JSON; wait'`, '--only', CASE])).toBe(1);
      const pid = Number(await readFile(file, 'utf8'));
      await until(async () => {
        // A killed process stays a zombie until the init process of the machine reads its exit code.
        const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
        return /\) Z/.test(status);
      });
    } finally {
      await rm(home, { recursive: true, force: true });
    }
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

  it('names the path when the vectors cannot be written', async () => {
    const error = jest.spyOn(console, 'error').mockImplementation(() => {});
    expect(await main(['--vectors', 'package.json'])).toBe(1);
    expect(error.mock.calls).toEqual([[expect.stringMatching(/cannot be written: .*package\.json.* Give --vectors a folder/)]]);
  });

  it('fails when no case has the given name', async () => {
    expect(await main(['--client', 'true', '--only', 'no such case'])).toBe(1);
  });
});

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}
