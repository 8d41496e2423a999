import { main } from './main.js';

/** The name of one short case. */
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
    ['prints something else than JSON', "sh -c 'echo hello; cat >/dev/null'", 'the client printed a line that is not JSON: hello'],
    ['never connects', SILENT, 'expected a connection within'],
  ])('fails a client that %s, and says why', async (_what, client, why) => {
    expect(await main(['--client', client, '--only', CASE])).toBe(1);
    expect(printed.join('\n')).toContain(why);
    expect(printed.at(-1)).toBe('\n0 passed, 1 failed, 0 skipped');
  });

  it('fails when no case has the wanted name', async () => {
    expect(await main(['--client', 'true', '--only', 'no such case'])).toBe(1);
  });
});
