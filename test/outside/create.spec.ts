import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { ROOT } from '../../tools/process/paths.mjs';
import { describeInChromium, launchChromium } from '../browser/chromium.js';
import { CreatedProject, installCreator, packPackages, type StartedProject } from '../harness/created-project.js';
import { playFirstMove } from '../harness/first-move.js';

const execute = promisify(execFile);
/** Time limit for the whole test on an idle machine with two cores, in ms: from an empty folder until two players play in browsers. */
const PLAYING_WITHIN_MS = 120_000;

let home: string;
let creator: string;
let archives: ReadonlyMap<string, string>;
let started: StartedProject | undefined;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-projects-'));
  archives = await packPackages(join(home, 'archives'));
  creator = await installCreator(join(home, 'creator'), archives);
}, 240_000);

afterEach(async () => {
  await started?.stop();
  started = undefined;
}, 60_000);

afterAll(() => rm(home, { recursive: true, force: true }));

describe('a project of create-holdfast with its own packages', () => {
  it.each([
    ['turn-based', 'tic-tac-toe'],
    ['real-time', 'boats'],
    ['hidden-cards', 'high-card'],
    ['react', 'tic-tac-toe'],
  ])(
    'passes its type check and its tests, and runs a game (template: %s)',
    async (template, game) => {
      const folder = join(home, template);
      await execute(creator, [folder, '--template', template, '--no-install']);
      const project = new CreatedProject(folder, archives);
      await project.install();
      await project.npm('run', 'typecheck');
      expect(await project.npm('test')).toContain('test/fleet.spec.ts');
      started = await project.start();
      expect(await playFirstMove(started.play, game)).toHaveLength(2);
    },
    300_000,
  );
});

describeInChromium('docs/getting-started.md', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it('leads from an empty folder to a game in two browsers within two minutes', async () => {
    const page = await readFile(join(ROOT, 'docs/getting-started.md'), 'utf8');
    const commands = /```sh\n([\s\S]*?)```/.exec(page)?.[1]?.trim().split('\n') ?? [];
    const begun = performance.now();
    await runCommands(commands);
    await playTicTacToe(browser, (started as StartedProject).page);
    const elapsedMs = performance.now() - begun;
    process.stdout.write(`from an empty folder to two browsers that play: ${(elapsedMs / 1_000).toFixed(1)} s\n`);
    expect(elapsedMs).toBeLessThan(PLAYING_WITHIN_MS);
  }, 300_000);

  /** Runs the commands of docs/getting-started.md. npm installs the packages from their archives instead of a registry. */
  async function runCommands(commands: readonly string[]): Promise<void> {
    let folder = join(home, 'newcomer');
    await mkdir(folder);
    let project: CreatedProject | undefined;
    for (const command of commands) {
      const [program, ...args] = command.split(' ');
      if (command.startsWith('npm create holdfast@latest ')) {
        await execute(creator, [...args.slice(2).filter((arg) => arg !== '--'), '--no-install'], { cwd: folder });
      } else if (program === 'cd') {
        folder = join(folder, args[0] as string);
        project = new CreatedProject(folder, archives);
        await project.install();
      } else if (command === 'npm start') {
        started = await (project as CreatedProject).start();
      } else {
        expect(program).toBe('npm');
        await project?.npm(...args);
      }
    }
  }
});

async function playTicTacToe(browser: Browser, url: string): Promise<void> {
  const pages = await Promise.all(
    ['Ann', 'Bob'].map(async (name) => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(url);
      await page.getByLabel('Your name').fill(name);
      await page.getByRole('button', { name: 'Play' }).click();
      return page;
    }),
  );
  const sees = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 20_000 });
  const first = await Promise.any(pages.map((page) => sees(page, 'Your turn').then(() => page)));
  const second = pages.find((page) => page !== first) as Page;
  for (const [index, cell] of [0, 3, 1, 4, 2].entries()) {
    const page = index % 2 === 0 ? first : second;
    await sees(page, 'Your turn');
    await page.getByLabel(`cell ${cell + 1}`).click();
  }
  await Promise.all([sees(first, 'You have won'), sees(second, 'You have lost')]);
  await Promise.all(pages.map((page) => page.context().close()));
}
