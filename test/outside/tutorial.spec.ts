import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { fileOf, type Snippet, snippetsOf } from '../../docs/snippets.fixture.js';
import { ROOT } from '../../tools/process/paths.mjs';
import { describeInChromium, launchChromium } from '../browser/chromium.js';
import { CreatedProject, installCreator, packPackages, type StartedProject } from '../harness/created-project.js';

const execute = promisify(execFile);
/** The chapters that change the project, in the order of their numbers. */
const CHAPTERS = ['docs/learn/own-rules.md', 'docs/learn/own-page.md'];
/** The folder with the whole files from which the chapters quote. */
const QUOTED = 'docs/learn/project/';
/** The number of coins at the beginning of a game. */
const COINS = 21;

describeInChromium('the tutorial (docs/learn)', () => {
  let home: string;
  let project: CreatedProject;
  let browser: Browser;
  let started: StartedProject | undefined;
  const players: Page[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-tutorial-'));
    const archives = await packPackages(join(home, 'archives'));
    const creator = await installCreator(join(home, 'creator'), archives);
    const folder = join(home, 'my-game');
    await execute(creator, [folder, '--template', 'turn-based', '--no-install']);
    project = new CreatedProject(folder, archives);
    await project.install();
    for (const chapter of CHAPTERS) await follow(chapter, folder);
    browser = await launchChromium();
  }, 400_000);

  afterAll(async () => {
    await browser?.close();
    await started?.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }, 60_000);

  it('leads to a project that passes its type check', async () => {
    await project.npm('run', 'typecheck');
  }, 120_000);

  it('leads to a page on which two players play', async () => {
    started = await project.start();
    for (const name of ['Ann', 'Bob']) {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(20_000);
      await page.goto(started.page);
      await page.getByLabel('Your name').fill(name);
      await page.getByRole('button', { name: 'Play' }).click();
      players.push(page);
    }
    await Promise.all(players.map((page) => showsCoins(page, COINS)));
    for (const coins of [18, 15]) await takeThree(coins);
  }, 120_000);

  it('leads to a game that pauses for a moment and goes on when its server is killed', async () => {
    const shown = await Promise.all(players.map(recordStatus));
    await killOwner();
    await takeThree(12);
    for (const statuses of shown) expect(await statuses.jsonValue()).toContain('One moment …');
  }, 60_000);

  it('leads to a page that returns to its game when it is reloaded', async () => {
    const [ann] = players;
    await ann.reload();
    await showsCoins(ann, 12);
  }, 60_000);

  it('leads to a page that shows the winner and the loser', async () => {
    for (const coins of [9, 6, 3]) await takeThree(coins);
    const [winner, loser] = await nextPlayers();
    await winner.getByRole('button', { name: 'Take 3' }).click();
    await showsStatus(winner, 'You have won');
    await showsStatus(loser, 'You have lost');
  }, 60_000);

  /** Returns both players. The first of them is the player whose turn it is. */
  async function nextPlayers(): Promise<[next: Page, other: Page]> {
    const next = await Promise.any(players.map((page) => showsStatus(page, 'Your turn').then(() => page)));
    return [next, players.find((page) => page !== next) as Page];
  }

  /** Lets the next player take three coins. Resolves when both pages show how many are left. */
  async function takeThree(left: number): Promise<void> {
    const [next] = await nextPlayers();
    await next.getByRole('button', { name: 'Take 3' }).click();
    await Promise.all(players.map((page) => showsCoins(page, left)));
  }

  /** Kills the game server that owns the room. The process id of the server is in the file `running.json`, which `npm start` writes. */
  async function killOwner(): Promise<void> {
    const { rooms } = JSON.parse(await project.npm('exec', '--', 'holdfast', 'fleet', '--json', 'rooms', '--game', 'countdown'));
    const [, type, name] = rooms[0].owner.server.split(':');
    const { pids } = JSON.parse(await readFile(join(project.folder, '.holdfast/running.json'), 'utf8'));
    process.kill(pids[`${type} ${name}`], 'SIGKILL');
  }
});

/** Changes the project as a chapter says: deletes the old game, and writes the files that the chapter quotes. */
async function follow(chapter: string, folder: string): Promise<void> {
  const text = await readFile(join(ROOT, chapter), 'utf8');
  for (const [, deleted] of text.matchAll(/^Delete the folder `([^`]+)`/gm)) await rm(join(folder, deleted as string), { recursive: true });
  for (const snippet of snippetsOf(chapter)) {
    const source = snippet.language === 'ts' ? fileOf(snippet) : '';
    if (!source.startsWith(QUOTED)) continue;
    const target = join(folder, source.slice(QUOTED.length));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await contentOf(source, snippet));
  }
}

/** Returns the text to write. It is the file itself when the snippet shows only the interesting part of a test, and else the snippet. */
async function contentOf(source: string, { code }: Snippet): Promise<string> {
  const file = await readFile(join(ROOT, source), 'utf8');
  if (code.trim() === file.trim()) return code;
  expect(source).toMatch(/\.spec\.ts$/);
  return file;
}

function showsStatus(page: Page, text: string): Promise<void> {
  return page.getByRole('status').filter({ hasText: text }).waitFor();
}

function showsCoins(page: Page, count: number): Promise<void> {
  return page
    .locator('#game p')
    .filter({ hasText: new RegExp(`^●{${count}}$`) })
    .waitFor();
}

/** Returns a handle to an array in the page. A script in the page appends each later text of the status line to the array. */
function recordStatus(page: Page) {
  return page.evaluateHandle(() => {
    const statuses: string[] = [];
    const line = document.querySelector('#status') as Element;
    new MutationObserver(() => statuses.push(line.textContent ?? '')).observe(line, {
      childList: true,
      characterData: true,
      subtree: true,
    });
    return statuses;
  });
}
