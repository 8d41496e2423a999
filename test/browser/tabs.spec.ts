import type { Browser } from 'playwright-core';
import { type Fleet, startFleet, until } from '../harness/index.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { Visitor } from './visitor.js';

describeInChromium('the tab of a player, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  let ada: Visitor;
  let bob: Visitor;
  beforeAll(async () => {
    [fleet, browser] = await Promise.all([
      startFleet({ gateways: 1, lobbies: 1, games: 1 }),
      launchChromium({
        // Playwright disables the back/forward cache by default, but players have it. So the test enables it.
        ignoreDefaultArgs: ['--disable-back-forward-cache'],
      }),
    ]);
    const url = fleet.gateways[0].pageUrl;
    [ada, bob] = await Promise.all([Visitor.open(browser, 'Ada', url), Visitor.open(browser, 'Bob', url)]);
    await ada.press('Create a room: Tic-tac-toe');
    await ada.page.getByLabel('Name of the room').fill('Tabs');
    await ada.press('Create');
    await bob.press('Join Tabs');
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await ada.sees('Your turn');
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  it('sends only one move when the player clicks two cells at the same time', async () => {
    await ada.page.locator('.ttt-board').evaluate((board) => {
      for (const cell of [0, 1, 0]) board.querySelectorAll<HTMLElement>('.ttt-cell')[cell].click();
    });
    await bob.mark(4);
    await ada.sees('Your turn');
    const cells = ada.page.locator('.ttt-cell:not([aria-label$="empty"])');
    expect(await cells.evaluateAll((marked) => marked.map((cell) => cell.getAttribute('aria-label')))).toEqual([
      'Row 1, column 1: X, Ada',
      'Row 2, column 2: O, Bob',
    ]);
    expect(ada.defects).toEqual([]);
  });

  it('continues the game after its return from the back/forward cache', async () => {
    const { page } = ada;
    await page.evaluate(() => {
      window.addEventListener('pageshow', ({ persisted }) => {
        document.documentElement.dataset.persisted = String(persisted);
      });
    });
    await page.goto(`${fleet.gateways[0].opsUrl}/livez`);
    // A page from the back/forward cache gets no event `load`, so Playwright must not wait for it.
    await page.goBack({ waitUntil: 'commit' });
    await ada.mark(2);
    await bob.sees('Your turn');
    expect(await page.evaluate(() => document.documentElement.dataset.persisted)).toBe('true');
    expect(ada.defects).toEqual([]);
  });

  it('takes over the game when the tab is a copy of another tab', async () => {
    const stored = await bob.page.evaluate(() => JSON.stringify(sessionStorage));
    const copy = await bob.page.context().newPage();
    await copy.addInitScript((values) => {
      if (sessionStorage.length === 0)
        for (const [key, value] of Object.entries(JSON.parse(values))) sessionStorage.setItem(key, String(value));
    }, stored);
    await copy.goto(bob.page.url());
    await copy.getByTestId('status').filter({ hasText: 'Your turn' }).waitFor();
    await bob.page.getByText('You are now playing in another place.').waitFor();
    await copy.locator('.ttt-cell').nth(1).click();
    await ada.sees('Your turn');
    expect(await bob.page.getByRole('button', { name: 'Come back as Bob' }).isVisible()).toBe(true);
    expect((await fleet.gateways[0].ops('/metrics')).text).toMatch(/holdfast_goodbyes_total\{[^}]*code="replaced"[^}]*\} 1$/m);
    expect(bob.defects).toEqual([]);
  });

  it('reloads once when a script of the page is missing, and then shows a message', async () => {
    const page = await (await browser.newContext()).newPage();
    let loads = 0;
    let isMissing = (): boolean => loads === 1;
    page.on('request', (request) => {
      if (request.isNavigationRequest()) loads += 1;
    });
    await page.route(/\/assets\/page-[^/]*\.js$/, (route) => (isMissing() ? route.fulfill({ status: 404 }) : route.continue()));
    await page.goto(fleet.gateways[0].pageUrl);
    await until(() => loads === 2);
    await page.waitForLoadState();
    await page.getByLabel('Your name').fill('Cy');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.getByText('What shall we play?').waitFor();

    isMissing = () => true;
    await page.goto('about:blank');
    await page.goto(fleet.gateways[0].pageUrl);
    await page.getByText('A part of this page cannot be loaded. Load the page again.').first().waitFor();
    expect(loads).toBe(4);
    await page.context().close();
  });
});
