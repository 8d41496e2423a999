import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../tools/process/paths.mjs';
import { until } from '../tools/process/until.mjs';
import { CreatedProject, installCreator, packPackages, type StartedProject } from './harness/created-project.js';
import { playFirstMove } from './harness/first-move.js';

const execute = promisify(execFile);

/**
 * This test installs and plays only the template with the most packages. For the other templates, it only checks the types.
 * `test/outside/create.spec.ts` installs and plays every template.
 */
describe('a project of create-holdfast, outside of this repository', () => {
  let home: string;
  let creator: string;
  let archives: ReadonlyMap<string, string>;
  let react: CreatedProject;
  let started: StartedProject | undefined;

  async function created(template: string, name = template): Promise<CreatedProject> {
    const folder = join(home, name);
    await execute(creator, [folder, '--template', template, '--no-install']);
    return new CreatedProject(folder, archives);
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-projects-'));
    archives = await packPackages(join(home, 'archives'));
    creator = await installCreator(join(home, 'creator'), archives);
    react = await created('react');
    await react.install();
  }, 240_000);

  afterAll(async () => {
    await started?.stop();
    await rm(home, { recursive: true, force: true });
  }, 60_000);

  it('starts servers on which two players play a game', async () => {
    await react.npm('run', 'typecheck');
    expect(await react.npm('test')).toContain('test/fleet.spec.ts');
    started = await react.start();
    const [board] = await playFirstMove(started.play, 'tic-tac-toe');
    expect(board).toMatchObject({ cells: [null, null, null, null, 0, null, null, null, null], turn: 1 });
    expect(await (await fetch(started.page)).text()).toContain('<title>react</title>');
  }, 120_000);

  it('runs edited rules on new game servers without a restart of `npm start`', async () => {
    const { output } = started as StartedProject;
    const file = join(react.folder, 'src/games/tic-tac-toe/tic-tac-toe.ts');
    await writeFile(file, (await readFile(file, 'utf8')).replace('TURN_MS = 30_000', 'TURN_MS = 20_000'));
    await until(() => /game servers run the new build/.test((started as StartedProject).output.slice(output.length)), 30_000);
    await playFirstMove((started as StartedProject).play, 'tic-tac-toe');
  }, 60_000);

  it('tests a client with the conformance cases, and writes the same test vectors as this repository', async () => {
    const client = 'node node_modules/@holdfast/cli/tools/conformance/node-client.mjs';
    const output = await react.npm('exec', '--', 'holdfast', 'conformance', '--client', client, '--only', 'sends hello first');
    expect(output).toContain('1 passed, 0 failed, 0 skipped');
    await react.npm('exec', '--', 'holdfast', 'conformance', '--vectors', 'vectors');
    const [written, own] = await Promise.all(
      [join(react.folder, 'vectors'), join(ROOT, 'conformance')].map((folder) => readFile(join(folder, 'sessions.json'), 'utf8')),
    );
    expect(JSON.parse(written)).toEqual(JSON.parse(own));
  }, 60_000);

  it('passes its type check and tests with the game of the tutorial (docs/learn)', async () => {
    const project = await created('turn-based', 'tutorial');
    await rm(join(project.folder, 'src/games/tic-tac-toe'), { recursive: true });
    await cp(join(ROOT, 'docs/learn/project'), project.folder, { recursive: true });
    await symlink(join(react.folder, 'node_modules'), join(project.folder, 'node_modules'));
    await project.npm('run', 'typecheck');
    expect(await project.npm('test')).toContain('4 passed');
  }, 120_000);

  it.each(['turn-based', 'real-time', 'hidden-cards'])(
    'passes its type check with the template %s',
    async (template) => {
      const project = await created(template);
      await symlink(join(react.folder, 'node_modules'), join(project.folder, 'node_modules'));
      await project.npm('run', 'typecheck');
    },
    120_000,
  );
});
