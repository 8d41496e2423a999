import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Room, Session } from '#libs/client';
import { connect } from '#libs/client/node';
import { ROOT } from '../../tools/process/paths.mjs';
import { until } from '../../tools/process/until.mjs';
import { type Fleet, startFleet } from '../harness/index.js';
import { describeInChromium, launchChromium } from './chromium.js';
import type { ReactPage } from './react-page/main.js';

type WithPage = { readonly reactPage: ReactPage };

describeInChromium('the hooks of @holdfast/react, in Chromium and strict mode', () => {
  let fleet: Fleet;
  let browser: Browser;
  let folder: string;
  let program: string;
  let url: string;
  let context: BrowserContext;
  let page: Page;
  let bob: Session;
  let failures: string[];
  /** Number of WebSockets of the page that are open now. */
  let sockets: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-react-'));
    const built = promisify(execFile)(process.execPath, [join(ROOT, 'test/browser/react-page/build.mjs'), folder]);
    [fleet, browser] = await Promise.all([startFleet({ gateways: 1, lobbies: 1, games: 1 }), launchChromium()]);
    await built;
    program = await readFile(join(folder, 'page.js'), 'utf8');
    url = fleet.gateways[0]?.publicUrl as string;
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    failures = [];
    sockets = 0;
    bob = await connect(url, { name: 'Bob' });
    context = await browser.newContext({ bypassCSP: true });
    page = await context.newPage();
    page.on('pageerror', (error) => failures.push(String(error)));
    // React reports wrong uses of hooks on the console. The line about the missing icon of the page is not a failure.
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) failures.push(message.text());
    });
    page.on('websocket', (socket) => {
      sockets += 1;
      socket.on('close', () => {
        sockets -= 1;
      });
    });
    await open();
  });

  afterEach(async () => {
    bob.close();
    await context.close();
    expect(failures).toEqual([]);
  });

  /** Opens a page of the gateway that has no program, so that the test can run its own program there. */
  async function open(): Promise<void> {
    await page.goto(new URL('/about.json', url.replace('ws', 'http')).href);
    await page.addScriptTag({ content: program });
  }

  const mount = (name?: string) =>
    page.evaluate(([to, as]) => (globalThis as unknown as WithPage).reactPage.mount(to as string, as), [url, name] as const);
  const shows = (id: string, text: string) => page.locator(`#${id}`).filter({ hasText: text }).waitFor();
  const renders = () => page.evaluate(() => ({ ...(globalThis as unknown as WithPage).reactPage.renders }));

  /** Matches Ann with Bob. Ann plays in the page. Resolves with Bob's room. */
  async function meet(): Promise<Room> {
    await mount('Ann');
    await shows('status', 'open');
    await page.getByText('Find').click();
    const room = await bob.quickMatch('tic-tac-toe');
    await room.waitFor(({ version }) => version >= 0);
    await shows('turn', '0');
    return room;
  }

  /** Lets the player whose turn it is mark a cell. */
  async function mark(room: Room, cell: number): Promise<void> {
    if ((room.state as { turn: number }).turn === room.seat) return room.send('place', { cell });
    expect(cell).toBe(4);
    await page.getByText('Place').click();
    await room.waitFor(({ state }) => (state as { cells: unknown[] }).cells[4] !== null);
  }

  it('open only one session when strict mode mounts the provider twice', async () => {
    const sessions = () => fleet.redis.client.keys(fleet.redisName('session:*'));
    const before = await sessions();
    await mount('Ann');
    await shows('status', 'open');
    await until(() => sockets === 1);
    expect(await sessions()).toHaveLength(before.length + 1);
  });

  it('render a component again only when its selected value changes', async () => {
    const room = await meet();
    const before = await renders();
    await mark(room, room.seat === 0 ? 8 : 4);
    await shows('turn', '1');
    const after = await renders();
    expect(after.Turn).toBeGreaterThan(before.Turn);
    expect([after.Cells, after.App]).toEqual([before.Cells, before.App]);
  });

  it('return the code of the refusal when the game refuses a command', async () => {
    const room = await meet();
    await mark(room, 4);
    await shows('turn', '1');
    await page.getByText('Place').click();
    await shows('refusal', room.seat === 0 ? 'cell-taken' : 'not-your-turn');
  });

  it('resume the session and its room after a reload', async () => {
    await meet();
    await open();
    await mount();
    await shows('status', 'open');
    await shows('turn', '0');
  });

  it('close the connection but not the session when the provider is removed', async () => {
    const room = await meet();
    await page.evaluate(() => (globalThis as unknown as WithPage).reactPage.unmount());
    await until(() => sockets === 0);
    await mount();
    await shows('turn', '0');
    expect(room.status).toBe('playing');
  });

  it('return no room after the player has left the room', async () => {
    const room = await meet();
    await page.getByText('Leave').click();
    await page.locator('#turn').waitFor({ state: 'detached' });
    await room.waitFor(({ status }) => status === 'ended');
  });
});
