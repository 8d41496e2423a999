import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreatedProject, installCreator, packPackages, type StartedProject } from './harness/created-project.js';
import { playFirstMove } from './harness/first-move.js';

const execute = promisify(execFile);

/**
 * Installs only the template with the most packages. The other templates use its packages. `test/outside/create.spec.ts` installs each
 * template.
 */
describe('a project of create-holdfast, outside of this repository', () => {
  let home: string;
  let creator: string;
  let archives: ReadonlyMap<string, string>;
  let react: CreatedProject;
  let started: StartedProject | undefined;

  async function created(template: string): Promise<CreatedProject> {
    const folder = join(home, template);
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

  it('passes its type check and tests, and starts servers on which two players play', async () => {
    await react.npm('run', 'typecheck');
    await react.npm('test');
    started = await react.start();
    const [board] = await playFirstMove(started.play, 'tic-tac-toe');
    expect(board).toMatchObject({ cells: [null, null, null, null, 0, null, null, null, null], turn: 1 });
    expect(await (await fetch(started.page)).text()).toContain('<title>react</title>');
  }, 120_000);

  it.each(['turn-based', 'real-time', 'hidden-cards'])(
    'passes its type check and tests with the template %s',
    async (template) => {
      const project = await created(template);
      await symlink(join(react.folder, 'node_modules'), join(project.folder, 'node_modules'));
      await project.npm('run', 'typecheck');
      expect(await project.npm('test')).toMatch(/passed/);
    },
    120_000,
  );
});
