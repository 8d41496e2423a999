import { type Browser, type Page } from 'playwright-core';
import { ADMIN_TOKEN, type Fleet, startFleet, until } from '../harness/index.js';
import { QuietProxy } from '../harness/quiet-proxy.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { Visitor } from './visitor.js';

describeInChromium('the dashboard, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  let proxy: QuietProxy;
  let operator: Visitor;
  let page: Page;

  beforeAll(async () => {
    [fleet, browser] = await Promise.all([startFleet({ gateways: 1, lobbies: 1, games: 1 }), launchChromium()]);
    proxy = await QuietProxy.before(Number(new URL(fleet.gateways[0].opsUrl).port));
    operator = await Visitor.at(browser, 'Operator', `http://127.0.0.1:${proxy.port}/`);
    page = operator.page;
    await page.getByLabel('Admin token').fill(ADMIN_TOKEN);
    await operator.press('Sign in');
    await page.getByRole('cell', { name: 'hf:game:1', exact: true }).waitFor();
  }, 60_000);

  afterAll(async () => {
    proxy?.close();
    await browser?.close();
    await fleet?.stop();
  });

  afterEach(() => expect(operator.defects).toEqual([]));

  it('shows each event once after an interruption of its stream', async () => {
    const events = page.locator('#events p');
    await operator.press('Cordon hf:game:1');
    await events.filter({ hasText: 'cordoned' }).first().waitFor();
    const isStream = (url: URL): boolean => url.pathname === '/api/events';
    const continued = page.waitForRequest((request) => isStream(new URL(request.url())));
    proxy.drop();
    expect((await continued).headers()['last-event-id']).toBeDefined();
    await operator.press('Uncordon hf:game:1');
    await events.filter({ hasText: 'uncordoned' }).first().waitFor();
    const texts = await events.allTextContents();
    expect(texts.length).toBe(new Set(texts).size);
    expect(texts.length).toBeGreaterThan(3);
  });

  it('shows the loss of a game server as one incident, without the events of rooms', async () => {
    const spare = await fleet.start('game', '2');
    const { rooms } = await fleet.twoPlayersInAGame('tic-tac-toe');
    const owner = await fleet.ownerOf(rooms[0]);
    owner.kill();
    const incident = page.getByRole('row').filter({ hasText: owner.id }).filter({ hasText: 'evicted' });
    await incident.first().waitFor();
    await until(async () => /\d (ms|s)/.test((await incident.first().textContent()) ?? ''));
    const events = page.locator('#events p');
    await events.filter({ hasText: 'recovery.done' }).first().waitFor();
    expect((await events.allTextContents()).filter((text) => text.includes('room.'))).toEqual([]);

    await page.getByLabel('About').selectOption({ label: 'Rooms' });
    await events.filter({ hasText: 'room.recovered' }).first().waitFor();
    expect((await events.allTextContents()).filter((text) => text.includes('server.'))).toEqual([]);
    await page.getByLabel('About').selectOption({ label: 'Servers' });
    await page.getByLabel('At least').selectOption({ label: 'Critical' });
    await events.filter({ hasText: 'server.evicted' }).first().waitFor();
    expect((await events.allTextContents()).filter((text) => text.includes('server.registered'))).toEqual([]);
    await page.getByLabel('At least').selectOption({ label: 'Information' });
    await rooms[0].leave();
    if (owner === fleet.games[0]) await fleet.restart(owner);
    spare.kill('SIGTERM');
    await spare.exited;
  }, 60_000);

  it('shows how long a hanging gateway has not answered', async () => {
    fleet.gateways[0]!.kill('SIGSTOP');
    try {
      await page.getByText(/The gateway has not answered for 5 seconds\. What you see is \d+ seconds old\./).waitFor();
    } finally {
      fleet.gateways[0]!.kill('SIGCONT');
    }
    await page.getByText('Free slots').waitFor();
  }, 60_000);

  it('keeps the keyboard focus on a button when its tables change', async () => {
    const drain = page.getByRole('button', { name: 'Drain hf:game:1' });
    const focused = (): Promise<string | undefined> => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.path);
    // The dashboard may replace the button at the moment of the focus. So the test tries again.
    await until(async () => {
      await drain.focus();
      return (await focused()) !== undefined;
    });
    const path = await focused();
    expect(path).toMatch(/^servers\/.+\/drain$/);
    for (let polls = 0; polls < 2; polls++) await page.waitForResponse((response) => new URL(response.url()).pathname === '/api/rooms');
    expect(await focused()).toBe(path);
  });

  it('sends no request when the operator does not confirm the action', async () => {
    const requests: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && requests.push(request.url()));
    await operator.press('Evict hf:lobby:1');
    await page.getByRole('dialog', { name: 'Evict hf:lobby:1?' }).waitFor();
    await operator.press('Cancel');
    await operator.press('Evict hf:lobby:1');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(requests).toEqual([]);
  });
});
