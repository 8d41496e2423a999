import { readFile } from 'node:fs/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import type { TicTacToe } from '#games/tic-tac-toe';
import { API_TYPES_FILE, typesOf } from '../../tools/dashboard/api-types.mjs';
import { ADMIN_TOKEN, type Fleet, type Game, startFleet, until } from '../harness/index.js';
import { QuietProxy } from '../harness/quiet-proxy.js';
import { violationsOf } from './accessibility.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { Visitor } from './visitor.js';

const VIEWER_TOKEN = 'a viewer token for tests only';

describeInChromium('the dashboard, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  let proxy: QuietProxy;
  let operator: Visitor;
  let page: Page;
  let game: Game<TicTacToe>;

  beforeAll(async () => {
    [fleet, browser] = await Promise.all([
      startFleet({ gateways: 1, lobbies: 1, games: 2, env: { VIEWER_TOKEN: `guest=${VIEWER_TOKEN}` } }),
      launchChromium(),
    ]);
    proxy = await QuietProxy.before(Number(new URL(fleet.gateways[0].opsUrl).port));
    [operator, game] = await Promise.all([signIn(ADMIN_TOKEN), fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe')]);
    page = operator.page;
  }, 60_000);

  afterAll(async () => {
    proxy?.close();
    await browser?.close();
    await fleet?.stop();
  });

  afterEach(() => expect(operator.defects).toEqual([]));

  async function signIn(token: string): Promise<Visitor> {
    const visitor = await Visitor.at(browser, 'Operator', `http://127.0.0.1:${proxy.port}/`);
    visitor.page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) visitor.defects.push(message.text());
    });
    await visitor.page.getByLabel('Admin token').fill(token);
    await visitor.press('Sign in');
    await visitor.page.getByRole('link', { name: 'game:1', exact: true }).waitFor();
    return visitor;
  }

  /** Opens a page of the dashboard by its address, such as `#/rooms`. */
  async function open(address: string, on = page): Promise<void> {
    await on.evaluate((hash) => {
      location.hash = hash;
    }, address);
  }

  /** Opens the menu of a row, chooses an entry, and returns the dialog that opens. */
  async function choose(act: string, about: string): Promise<Locator> {
    await page.getByRole('button', { name: `Acts for ${about}` }).click();
    await page.getByRole('menuitem', { name: act }).click();
    return page.getByRole('dialog');
  }

  const row = (...texts: (string | RegExp)[]): Locator =>
    texts.reduce<Locator>((rows, hasText) => rows.filter({ hasText }), page.getByRole('row'));
  const search = (): URLSearchParams => new URLSearchParams(new URL(page.url()).hash.split('?')[1]);

  it('is compiled against the description of the admin API that the gateway serves', async () => {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const description = await (await fetch(`${fleet.gateways[0].opsUrl}/api/docs-json`, { headers })).json();
    // If this check fails after a change of the API, run `npm run dashboard:types`, which generates the file with the types again.
    expect(await readFile(API_TYPES_FILE, 'utf8')).toBe(await typesOf(description));
  });

  it('shows a viewer no buttons that change the fleet, and forgets the token at the logout', async () => {
    const viewer = await signIn(VIEWER_TOKEN);
    await open('#/servers/hf%3Agame%3A1', viewer.page);
    await viewer.page.getByRole('heading', { name: 'Identity' }).waitFor();
    expect(await viewer.page.getByRole('button', { name: /Drain|Evict|Cordon|Acts for/ }).count()).toBe(0);
    await viewer.page.getByRole('button', { name: 'guest' }).click();
    await viewer.page.getByRole('menuitem', { name: 'Log out' }).click();
    await viewer.page.getByLabel('Admin token').waitFor();
    expect(await viewer.page.evaluate(() => sessionStorage.length)).toBe(0);
    expect(viewer.defects).toEqual([]);
    await viewer.leaveAll();
  });

  it('shows each event once after an interruption of the event stream', async () => {
    await open('#/events');
    const kinds = (): Promise<string[]> =>
      page.locator('tr[data-key]').evaluateAll((rows) => rows.map((each) => each.getAttribute('data-key') as string));
    await row('server.registered').first().waitFor();
    const isStream = (url: URL): boolean => url.pathname === '/api/events';
    const continued = page.waitForRequest((request) => isStream(new URL(request.url())));
    proxy.drop();
    expect((await continued).headers()['last-event-id']).toBeDefined();
    await post('servers/hf:game:1/cordon');
    await row('cordoned').first().waitFor();
    await post('servers/hf:game:1/uncordon');
    await row('uncordoned').first().waitFor();
    const shown = await kinds();
    expect(shown.length).toBe(new Set(shown).size);
    expect(shown.length).toBeGreaterThan(3);
  });

  /** Sends a POST request to the admin API, as another operator would. */
  async function post(path: string): Promise<void> {
    const url = `${fleet.gateways[0].opsUrl}/api/${path}`;
    expect((await fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } })).status).toBe(200);
  }

  it('sends no request when the operator does not confirm an eviction', async () => {
    const requests: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && requests.push(request.url()));
    await open('#/');
    await choose('Evict', 'lobby:1');
    await page.getByRole('dialog', { name: 'Evict lobby:1?' }).waitFor();
    await operator.press('Cancel');
    await choose('Evict', 'lobby:1');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(requests).toEqual([]);
    await until(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label') === 'Acts for lobby:1'));
  });

  it('keeps the keyboard focus in its row when the order of the table changes', async () => {
    const servers = page.getByRole('table', { name: 'Servers' });
    const firstIs = (name: string): Promise<void> =>
      servers.locator('tbody tr:first-child').getByRole('link', { name, exact: true }).waitFor();
    await open('#/?sort=server');
    await firstIs('game:1');
    for (const [order, first, about] of [
      ['-server', 'lobby:1', 'game:1'],
      ['server', 'game:1', 'lobby:1'],
    ]) {
      await page.getByRole('button', { name: `Acts for ${about}` }).focus();
      await open(`#/?sort=${order}`);
      await firstIs(first);
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(`Acts for ${about}`);
    }
  });

  it("drains a game server by click, shows the result, and records the operator's note", async () => {
    const owner = await fleet.ownerOf(game.rooms[0]);
    const name = owner.id.replace('hf:', '');
    await open(`#/servers/${encodeURIComponent(owner.id)}`);
    await page.getByRole('button', { name: `Drain ${name}` }).click();
    await page.getByLabel('Note for the audit').fill('a new build');
    await operator.press('Drain');
    await page.getByRole('dialog').getByText('1 rooms have moved, and none is left.').waitFor();
    await operator.press('Close');
    expect((await fleet.ownerOf(game.rooms[0])).id).not.toBe(owner.id);
    await page.getByRole('button', { name: `Uncordon ${name}` }).click();
    await operator.press('Uncordon');
    await page.getByRole('dialog').getByText('gets new rooms again.').waitFor();
    await page.keyboard.press('Escape');

    await open('#/audit?act=server.drain');
    await row('server.drain', name, 'a new build', 'done').waitFor();
  });

  it('shows the state of a room at each version that the log of the room contains', async () => {
    const [ada, bob] = game.rooms;
    await ada.send('place', { cell: 4 });
    await bob.send('place', { cell: 0 });
    await open(`#/rooms/${ada.id}`);
    const tree = page.getByRole('tree', { name: 'State of the game' });
    const moves = (count: number): Promise<void> => tree.getByText(new RegExp(`^moves ${count}`)).waitFor();
    await moves(2);
    await row('Ada', 'connected', 'gateway:1').waitFor();
    await row('placed', '"cell":0').getByRole('button').click();
    const version = Number(search().get('version'));
    expect(version).toBeGreaterThan(1);
    await operator.press('Previous version');
    await moves(1);
    expect(search().get('version')).toBe(String(version - 1));
    await page.reload();
    await moves(1);
    await operator.press('Live');
    await moves(2);
    await page.getByText('turn in').waitFor();
  });

  it('finds a player by name, and kicks the player', async () => {
    const mallory = await fleet.newPlayer('Mallory');
    const closed = new Promise<unknown>((resolve) => mallory.on('closed', resolve));
    await open('#/players');
    await page.getByLabel('Search').fill('mallo');
    await row('Mallory', 'connected').waitFor();
    await page.waitForURL(/q=mallo/);
    const dialog = await choose('Kick', 'Mallory');
    await operator.press('Kick');
    await dialog.getByText('is kicked.').waitFor();
    expect(await closed).toMatchObject({ code: 'kicked' });
    await page.keyboard.press('Escape');
    await page.getByText('No session matches.').waitFor();
  });

  it('finds a banned user by a part of the id, and lifts the ban', async () => {
    await Promise.all(['mallory', 'trudy'].map((user) => post(`players/${user}/ban`)));
    await open('#/players?list=bans');
    await row('trudy').waitFor();
    await page.getByText('2 shown of 2').waitFor();
    await page.getByLabel('Search').fill('ALLO');
    await row('trudy').waitFor({ state: 'detached' });
    const dialog = await choose('Lift the ban', 'mallory');
    await operator.press('Lift the ban');
    await dialog.getByText('may log in again.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('No user in this list matches.').waitFor();
  });

  it('keeps filters in its URL after a reload and after a step back in the browser history', async () => {
    await open('#/rooms');
    await page.getByLabel('Status').selectOption('Playing');
    await page.getByLabel('Search').fill(game.rooms[0].id);
    await page.waitForURL(/q=/);
    await page.getByText('1 of 1').or(page.getByText('1 shown')).first().waitFor();
    await page.reload();
    await page.getByText('1 shown').waitFor();
    expect([search().get('status'), search().get('q')]).toEqual(['playing', game.rooms[0].id]);
    await page.goBack();
    await until(async () => (await page.getByLabel('Search').inputValue()) === '');
    expect(await page.getByLabel('Status').inputValue()).toBe('playing');
  });

  it('shows the loss of a game server as one incident, without the events of rooms', async () => {
    const owner = await fleet.ownerOf(game.rooms[0]);
    const name = owner.id.replace('hf:', '');
    await open('#/incidents');
    owner.kill();
    const incident = row(name, 'evicted', /\d (ms|s)/);
    await incident.waitFor();
    await open('#/');
    await page.getByLabel('Totals').getByText('1 lost in the last hour').waitFor();
    await open(`#/servers/${encodeURIComponent(owner.id)}`);
    await page.locator('.facts div', { hasText: 'Answers over Redis' }).getByText('no', { exact: true }).waitFor();
    await open('#/events');
    await row('recovery.done').first().waitFor();
    expect(await row('room.').count()).toBe(0);
    await page.getByLabel('About').selectOption('Rooms');
    await row('room.recovered').first().waitFor();
    expect(await row('server.').count()).toBe(0);
    await page.getByLabel('About').selectOption('Servers');
    await page.getByLabel('At least').selectOption('Critical');
    await row('server.evicted').first().waitFor();
    expect(await row('server.registered').count()).toBe(0);
    await fleet.restart(owner);
  }, 60_000);

  it('shows how long a hanging gateway has not answered, and current facts when the gateway answers again', async () => {
    await open('#/');
    await page.getByText('Live', { exact: true }).waitFor();
    fleet.gateways[0].kill('SIGSTOP');
    try {
      // A list that is being loaded shows the same message. So the test searches only the region `Connection`.
      const connection = page.getByRole('region', { name: 'Connection' });
      await connection.getByText('The gateway has not answered within 4 seconds.').waitFor();
      await page.getByText(/What you see is \d+ seconds old\./).waitFor();
      expect(await page.getByText('Live', { exact: true }).count()).toBe(0);
    } finally {
      fleet.gateways[0].kill('SIGCONT');
    }
    await page.getByText('Live', { exact: true }).waitFor();
  }, 60_000);

  it('has only pages that pass the checks of axe and fit on the screen of a phone', async () => {
    // Starts another game, because the room of the first game is possibly closed after its players left.
    const { rooms, players } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const { id } = rooms[0];
    const { user } = players[0];
    const pages = [
      ['Fleet', ''],
      ['Incidents', 'incidents'],
      ['game:1', 'servers/hf%3Agame%3A1'],
      ['Rooms', 'rooms'],
      [id, `rooms/${id}`],
      ['Players', 'players'],
      ['Players', 'players?list=bans'],
      ['Ada', `players/${user}`],
      ['Matchmaking', 'queues'],
      ['Charts', 'charts'],
      ['Events', 'events'],
      ['Audit', 'audit'],
    ] as const;
    const violations: string[] = [];
    for (const [name, address] of pages) {
      await open(`#/${address}`);
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
      await until(async () => (await page.getByRole('status', { name: 'Loading' }).count()) === 0);
      violations.push(...(await violationsOf(page, `dashboard ${address}`, 'brief')));
    }
    expect(violations).toEqual([]);
  }, 120_000);
});
