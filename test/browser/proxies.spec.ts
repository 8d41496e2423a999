import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { ADMIN_TOKEN, type Fleet, startFleet } from '../harness/index.js';
import { CHROMIUM_ARGS, findChromium } from './chromium.js';
import { Nginx } from './nginx.js';
import { Visitor } from './visitor.js';

const executablePath = findChromium();
if (!executablePath) console.warn('Proxies are not tested: no Chromium here. Name one in CHROMIUM_PATH, or install `chromium`.');
const describeInChromium = executablePath ? describe : describe.skip;

describeInChromium('a fleet behind proxies, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  let visitors: Visitor[] = [];

  beforeAll(async () => {
    const env = { TRUSTED_PROXIES: 'loopback', ALLOWED_ORIGINS: 'null, file://' };
    [fleet, browser] = await Promise.all([
      startFleet({ gateways: 1, lobbies: 1, games: 1, env }),
      chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS }),
    ]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  afterEach(async () => {
    const defects = visitors.flatMap((visitor) => visitor.defects.map((defect) => `${visitor.name}: ${defect}`));
    await Promise.all(visitors.map((visitor) => visitor.leaveAll()));
    visitors = [];
    expect(defects).toEqual([]);
  });

  async function createsARoom(name: string, url: string): Promise<Visitor> {
    const visitor = await Visitor.open(browser, name, url);
    visitors.push(visitor);
    await visitor.press('Create a room: Tic-tac-toe');
    await visitor.press('Create');
    await visitor.sees('Waiting for players');
    return visitor;
  }

  async function operates(url: string): Promise<Page> {
    const operator = await Visitor.at(browser, 'Operator', url);
    visitors.push(operator);
    await operator.page.getByLabel('Admin token').fill(ADMIN_TOKEN);
    await operator.press('Sign in');
    await operator.page.getByRole('cell', { name: 'hf:gateway:1', exact: true }).waitFor();
    return operator.page;
  }

  it('serves the page and the dashboard below paths of a trusted nginx, and refuses players of an nginx that is not trusted', async () => {
    const [gateway] = fleet.gateways;
    const nginx = await Nginx.before({ players: `127.0.0.1:${gateway.ports.publicPort}`, operators: new URL(gateway.opsUrl).host });
    if (!nginx) return;
    try {
      const ada = await createsARoom('Ada', `${nginx.url}/games`);
      expect(new URL(ada.page.url()).pathname).toBe('/games/');
      const bob = await Visitor.open(browser, 'Bob', ada.page.url());
      visitors.push(bob);
      await bob.sees('Ready?');
      const page = await operates(`${nginx.url}/fleet`);
      expect(new URL(page.url()).pathname).toBe('/fleet/');
      await page.getByRole('cell', { name: 'tic-tac-toe' }).first().waitFor();

      const stranger = await fleet.start('gateway', 'untrusting', { TRUSTED_PROXIES: '' });
      const second = await Nginx.before({ players: `127.0.0.1:${stranger.ports.publicPort}`, operators: new URL(stranger.opsUrl).host });
      const cy = await Visitor.at(browser, 'Cy', `${second!.url}/games/`);
      visitors.push(cy);
      const refused = cy.page.waitForEvent('console', (message) => message.text().includes('Unexpected response code: 403'));
      await cy.page.getByLabel('Your name').fill('Cy');
      await cy.press('Play');
      await refused;
      await second!.stop();
      stranger.kill();
      await stranger.exited;
      fleet.gateways.splice(fleet.gateways.indexOf(stranger), 1);
    } finally {
      await nginx.stop();
    }
  }, 60_000);

  it('serves the page and the dashboard over IPv6', async () => {
    const gateway = await fleet.start('gateway', 'v6', { PUBLIC_HOST: '::1', OPS_HOST: '::1', TRUSTED_PROXIES: '' });
    await createsARoom('Ada', `http://[::1]:${gateway.ports.publicPort}/`);
    const page = await operates(`http://[::1]:${gateway.ports.opsPort}/`);
    await page.getByRole('cell', { name: 'hf:gateway:v6', exact: true }).waitFor();
    gateway.kill();
    await gateway.exited;
    fleet.gateways.splice(fleet.gateways.indexOf(gateway), 1);
  });

  it('accepts the listed origins of apps, and no other', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-origins-'));
    const visitor = await Visitor.at(browser, 'App', 'about:blank');
    visitors.push(visitor);
    const { page } = visitor;
    try {
      await writeFile(
        join(dir, 'app.html'),
        '<!doctype html><title>App</title><iframe sandbox="allow-scripts" srcdoc="Sandboxed"></iframe>',
      );
      await page.goto(pathToFileURL(join(dir, 'app.html')).href);
      expect(await connects(page, fleet.gateways[0].publicUrl)).toBe(true);
      expect(await connects(page.frames()[1], fleet.gateways[0].publicUrl)).toBe(true);
      // Another host name for the same port is another origin.
      await page.goto(`http://localhost:${fleet.gateways[0].ports.publicPort}/about.json`);
      expect(await connects(page, fleet.gateways[0].publicUrl)).toBe(false);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

function connects(page: Page | Frame, url: string): Promise<boolean> {
  return page.evaluate(
    (address) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(address, 'holdfast.v1.json');
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      }),
    url,
  );
}
