import { CommandShell } from '../harness/command-shell.js';
import { type Fleet, startFleet, until } from '../harness/index.js';
import { commandsOf } from '../harness/page-commands.js';

const commands = commandsOf('docs/operations.md').map(({ text }) => text);
/** Returns the command for a drill of 20 seconds. The durations on the page are longer. */
const shortened = (command: string) => command.replace(/--seconds \d+/, '--seconds 20');

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

  it.each([...new Set(commands.filter((text) => /^npm run players\b/.test(text)).map(shortened))])(
    'include `%s`, whose games continue when a game server is killed',
    async (text) => {
      const playing = shell.run(text, { PLAY: fleet.gateways[0]?.publicUrl ?? '' });
      await until(async () => ((await fleet.admin('GET', '/api/fleet')) as { rooms: number }).rooms >= 10, 15_000);
      await fleet.kill('game-1');
      await fleet.restart('game-1');
      const { code, output } = await playing;
      expect([code, output]).toEqual([0, expect.stringMatching(/pause/)]);
    },
    120_000,
  );

  it('include `npm run rolling`, which restarts all servers of a fleet without a violation', async () => {
    expect(commands).toContain('npm run rolling');
    const { code, output } = await shell.run('npm run rolling', {});
    expect([code, output]).toEqual([0, expect.any(String)]);
  }, 300_000);
});
