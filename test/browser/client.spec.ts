import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import type { connect, Room } from '#libs/client';
import type { Bundle } from '../../tools/packages/client-bundles.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { type Fleet, startFleet } from '../harness/index.js';
import { describeInChromium, launchChromium } from './chromium.js';

/** The global object of the page. The bundled program adds `holdfastClient`. */
interface Page {
  readonly holdfastClient: { readonly connect: typeof connect };
}

describeInChromium('the bundled client, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  let folder: string;
  let bundles: Bundle[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-client-'));
    const script = join(ROOT, 'tools/packages/client-bundles.mjs');
    const built = promisify(execFile)(process.execPath, [script, folder, '@holdfast/client/compact']);
    [fleet, browser] = await Promise.all([startFleet({ gateways: 1, lobbies: 1, games: 1 }), launchChromium()]);
    bundles = (await built).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Bundle);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['esbuild', 'rolldown', 'vite', 'webpack'])('built by %s, plays a game to its end', async (bundler) => {
    const { file } = bundles.find((each) => each.bundler === bundler) as Bundle;
    const url = fleet.gateways[0]?.publicUrl as string;
    const context = await browser.newContext({ bypassCSP: true });
    try {
      const page = await context.newPage();
      const failures: string[] = [];
      page.on('pageerror', (error) => failures.push(String(error)));
      await page.goto(url.replace(/^ws/, 'http').replace(/play$/, ''));
      await page.addScriptTag({ content: await readFile(file, 'utf8') });
      const result = await page.evaluate(playAlone, url);
      expect(result).toMatchObject({ result: { reason: 'finished', result: { winner: 0 } }, failure: 'bad-data' });
      expect(failures).toEqual([]);
    } finally {
      await context.close();
    }
  });
});

/**
 * Runs in the page and plays both seats of tic-tac-toe: one with compact syncs, the other over JSON. Returns the result of the game, and
 * the code of the rejection of a command that contains a Date.
 */
async function playAlone(url: string): Promise<unknown> {
  const { connect } = (globalThis as unknown as Page).holdfastClient;
  const ada = await connect(url, { name: 'Ada' });
  const bob = await connect(url, { name: 'Bob', subprotocol: 'json' });
  const room = await ada.createRoom({ game: 'tic-tac-toe' });
  const other = await bob.joinRoom(room.id);
  await Promise.all([room.ready(), other.ready()]);
  await room.start();
  const inPlay = (each: Room): boolean => each.version >= 0;
  await Promise.all([room.waitFor(inPlay), other.waitFor(inPlay)]);
  const failure = await room.send('place', { cell: new Date() }).catch(({ code }) => code);
  for (const [index, cell] of [0, 3, 1, 4, 2].entries()) await (index % 2 === 0 ? room : other).send('place', { cell });
  await other.waitFor((each) => each.status === 'ended');
  ada.close();
  bob.close();
  return { result: other.result, failure };
}
