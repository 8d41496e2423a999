import { CommandShell } from '../harness/command-shell.js';
import { type Fleet, startFleet } from '../harness/index.js';
import { commandsOf } from '../harness/page-commands.js';

const commands = commandsOf('docs/operations.md').map(({ text }) => text);
/** The duration of each drill here, in seconds, instead of that on the page. */
const SECONDS = 20;

describe('the drills of docs/operations.md', () => {
  let fleet: Fleet;
  let shell: CommandShell;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2 });
    shell = await CommandShell.open(fleet);
  }, 60_000);
  afterAll(async () => {
    await shell?.close();
    await fleet?.stop();
  });

  it.each(commands.filter((text) => /^npm run players\b/.test(text)))(
    'play for a shorter time with `%s`, while a game server is killed',
    async (text) => {
      const playing = shell.run(text.replace(/--seconds \d+/, `--seconds ${SECONDS}`), { PLAY: fleet.gateways[0]?.publicUrl ?? '' });
      await fleet.kill('game-1');
      await fleet.restart('game-1');
      const { code, output } = await playing;
      expect([code, output]).toEqual([0, expect.stringMatching(/pause/)]);
    },
    120_000,
  );

  it('restart all servers of another fleet with `npm run rolling`', async () => {
    expect(commands).toContain('npm run rolling');
    const { code, output } = await shell.run('npm run rolling', {});
    expect([code, output]).toEqual([0, expect.any(String)]);
  }, 300_000);
});
