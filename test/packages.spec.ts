import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIST } from '../tools/process/paths.mjs';
import { type Fleet, startFleet } from './harness/index.js';
import { installProject, type Project, playOnAfterKill } from './harness/project.js';

/** All steps for a game in a separate repository: packing, installing, compiling, testing, starting and playing. */
describe('a project outside of this repository with the packed packages', () => {
  let home: string;
  let project: Project;
  let fleet: Fleet | undefined;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-project-'));
    project = await installProject(home);
    await project.run(['node_modules/typescript/bin/tsc']);
  }, 180_000);

  afterAll(async () => {
    await fleet?.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  });

  it('tests its rules without a server', async () => {
    expect(await project.run(['--test', 'dist/take.test.js'])).toMatch(/^# pass 1$/m);
  });

  it('starts a fleet whose games continue after a game server is killed', async () => {
    fleet = await startFleet({ project: { folder: project.folder, game: 'take' }, games: 2, env: { AUTH: 'extension' } });
    const { half, end } = await playOnAfterKill(project, fleet);
    expect(half).toEqual({ room: expect.any(String), left: 5, names: ['ANN', 'BOB'] });
    expect(end).toMatchObject({ reason: 'finished', result: { winner: 0 } });
  });

  it("serves the project's page to players, and the dashboard to operators", async () => {
    const { pageUrl, opsUrl } = (fleet as Fleet).gateways[0];
    expect(await (await fetch(pageUrl)).text()).toContain('<title>Take one</title>');
    const dashboard = await readFile(join(DIST, 'dashboard/index.html'), 'utf8');
    expect((await (await fetch(opsUrl)).text()) === dashboard).toBe(true);
    const [script] = /assets\/index-[\w-]+\.js/.exec(dashboard) as RegExpExecArray;
    expect((await fetch(`${opsUrl}/${script}`)).status).toBe(200);
  });

  it('refuses to start a gateway whose page is missing, and names the folder', async () => {
    const failed = project.run(['--input-type=module', '-e', program("startGateway({ pages: 'nowhere' })")], SECRETS);
    await expect(failed).rejects.toThrow(`pages is ${join(project.folder, 'nowhere')}, which has no index.html`);
  });

  it('refuses to start a game server without a game', async () => {
    const failed = project.run(['--input-type=module', '-e', program('startGameServer({ games: [] })')], SECRETS);
    await expect(failed).rejects.toThrow('A game server needs a game: startGameServer({ games: [MyGameModule] }).');
  });
});

const SECRETS = { LINK_SECRET: 'a secret for tests only', ADMIN_TOKEN: 'a token for tests only', AUTH: 'guest' };

function program(call: string): string {
  return `import * as servers from '@holdfast/server'; await servers.${call};`;
}
