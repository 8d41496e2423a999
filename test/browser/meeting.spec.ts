import type { Browser, BrowserContextOptions } from 'playwright-core';
import { until } from '../../tools/process/until.mjs';
import { type Fleet, startFleet } from '../harness/index.js';
import { violationsOf } from './accessibility.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { Visitor, type VisitorOptions, Visitors } from './visitor.js';

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' };

describeInChromium('the page on which players meet, in Chromium,', () => {
  let fleet: Fleet;
  let browser: Browser;
  const visitors = new Visitors();

  beforeAll(async () => {
    [fleet, browser] = await Promise.all([
      startFleet({ gateways: 1, lobbies: 2, games: 1, testGames: { turnMs: 120_000 }, env: { TEST_LOADS: '/dev/null' } }),
      launchChromium(),
    ]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  afterEach(async () => {
    const defects = await visitors.leave();
    expect(defects).toEqual([]);
  });

  const home = (): string => fleet.gateways[0].pageUrl;
  const visit = async (name: string, options?: VisitorOptions, url = home()): Promise<Visitor> =>
    visitors.add(await Visitor.open(browser, name, url, options));
  const looks = async (visitor: Visitor, state: string): Promise<void> => expect(await violationsOf(visitor.page, state)).toEqual([]);
  const copied = (visitor: Visitor): Promise<string> => visitor.page.evaluate(() => navigator.clipboard.readText());

  /** Creates a room and returns its host. `more` fills further fields of the form. */
  const hostOf = async (game: string, name: string, more: (host: Visitor) => Promise<void> = async () => {}, options?: VisitorOptions) => {
    const host = await visit('Ada', { permissions: ['clipboard-read', 'clipboard-write'], ...options });
    await host.press(`Create a room: ${game}`);
    await host.page.getByLabel('Name of the room').fill(name);
    await more(host);
    await host.press('Create');
    await host.page.getByRole('heading', { name }).waitFor();
    return host;
  };

  /** Brings two players into one room. The second player uses the link that the first player has copied. */
  const party = async (game: string, names: readonly [string, string], options: readonly VisitorOptions[] = []) => {
    const host = await visit(names[0], { permissions: ['clipboard-read', 'clipboard-write'], ...options[0] });
    await host.press(`Create a room: ${game}`);
    await host.page.getByLabel('Private').check();
    await host.press('Create');
    await host.press('Copy link');
    const guest = await visit(names[1], options[1], await copied(host));
    await host.page.getByText(names[1], { exact: true }).waitFor();
    return [host, guest] as const;
  };

  it('brings two parties of two into one game when all four accept the match', async () => {
    // All pages share one clipboard for the invite links. So the test forms one party after the other.
    const [ada, bob] = await party('Rumble', ['Ada', 'Bob'], [{}, PHONE]);
    const [cy, dee] = await party('Rumble', ['Cy', 'Dee']);
    const all = [ada, bob, cy, dee];
    for (const host of [ada, cy]) {
      await host.page.getByLabel('Mode').selectOption('asked-duo');
      await host.press('Find opponents');
      if (host === ada) {
        // The host of the party starts the search, and every member sees it.
        await bob.page.getByText('Searching for opponents…').waitFor();
        await looks(bob, 'the search of a party');
      }
    }
    await Promise.all(all.map(({ page }) => page.getByRole('dialog', { name: 'A match is found' }).waitFor()));
    await looks(cy, 'an offered match');
    await ada.press('Accept');
    await bob.page.getByText('1 of 4 have accepted.').waitFor();
    // The dialog of the offer has the keyboard focus, so Enter accepts the match.
    for (const { page } of [bob, cy, dee]) await page.keyboard.press('Enter');
    await Promise.all(all.map((visitor) => visitor.sees('The game is running.')));
    const urls = all.map(({ page }) => page.url());
    expect(new Set(urls).size).toBe(1);
    for (const { page } of all) await page.getByText('"joined"').waitFor();
  });

  it('returns a player to the first place of the queue when another player declines the match', async () => {
    const all = await Promise.all(['Ada', 'Bob', 'Cy'].map((name) => visit(name)));
    const [ada, bob, cy] = all;
    for (const visitor of [ada, bob]) {
      await visitor.page.getByLabel('Mode: Rumble').selectOption('asked-duel');
      await visitor.press('Quick match: Rumble');
    }
    await Promise.all([ada, bob].map(({ page }) => page.getByRole('dialog', { name: 'A match is found' }).waitFor()));
    await ada.press('Accept');
    await bob.press('Decline');
    await ada.page.getByText('Your search continues, and you are first in line.').waitFor();
    await cy.page.getByLabel('Mode: Rumble').selectOption('asked-duel');
    await cy.press('Quick match: Rumble');
    await Promise.all([ada, cy].map((visitor) => visitor.press('Accept')));
    await Promise.all([ada, cy].map((visitor) => visitor.sees('The game is running.')));
    await bob.press('Quick match: Rumble');
  });

  it('shows a running search after a reload, and can cancel the search', async () => {
    const ada = await visit('Ada');
    await ada.press('Quick match: Chess');
    await ada.page.getByText('Searching for an opponent…').waitFor();
    await ada.page.reload();
    await ada.page.getByText('Searching for an opponent…').waitFor();
    await ada.press('Cancel');
    await ada.page.getByRole('button', { name: 'Quick match: Chess' }).waitFor();
  });

  it('still shows the search and the offer after the loss of the gateway', async () => {
    const [ada, bob] = await Promise.all([visit('Ada'), visit('Bob')]);
    await ada.page.getByLabel('Mode: Rumble').selectOption('asked-duel');
    await ada.press('Quick match: Rumble');
    await ada.page.getByText('Searching for an opponent…').waitFor();
    await fleet.restart(fleet.gateways[0]);
    await ada.page.getByText('Connection lost.').waitFor({ state: 'detached' });
    await ada.page.getByText('Searching for an opponent…').waitFor();
    await bob.page.getByLabel('Mode: Rumble').selectOption('asked-duel');
    await bob.press('Quick match: Rumble');
    await Promise.all([ada, bob].map(({ page }) => page.getByRole('dialog', { name: 'A match is found' }).waitFor()));
    await fleet.restart(fleet.gateways[0]);
    await Promise.all([ada, bob].map((visitor) => visitor.press('Accept')));
    await Promise.all([ada, bob].map((visitor) => visitor.sees('The game is running.')));
  });

  it('shows the options of rooms, and filters the list of rooms by options', async () => {
    const bob = await visit('Bob');
    await bob.page.getByLabel('Game', { exact: true }).selectOption('table');
    const ada = await hostOf('Table', 'By the sea', async ({ page }) => {
      await page.getByLabel('Map').selectOption('sea');
      await page.getByLabel('Minutes').fill('5');
      await looks({ page } as Visitor, 'a new room with options');
    });
    await ada.page.getByText('Map: sea · Minutes: 5').waitFor();
    await bob.page.getByText('Map: sea · Minutes: 5').waitFor();
    await bob.page.getByLabel('Map', { exact: true }).selectOption({ label: 'Map: land' });
    await bob.page.getByText('No room matches the filter.').waitFor();
    await looks(bob, 'a list with a filter');
    await bob.page.getByLabel('Map', { exact: true }).selectOption({ label: 'Map: sea' });
    await bob.page.getByText('1 of 4 · waiting').waitFor();
    await bob.press('Join By the sea');
    await bob.page.getByText('Settings of the room').waitFor({ state: 'detached' });
    await ada.page.getByText('Bob', { exact: true }).waitFor();
  });

  it('admits a player to a private room with the invite code and the password', async () => {
    const ada = await hostOf('Chess', 'The vault', async ({ page }) => {
      await page.getByLabel('Private').check();
      await page.getByText('Who may join and watch').first().click();
      await page.getByLabel('Password', { exact: true }).fill('open sesame');
      await page.getByLabel('Who may watch').selectOption('nobody');
    });
    const code = (await ada.page.locator('.code').textContent()) ?? '';
    await ada.press('Copy code');
    expect(await copied(ada)).toBe(code);
    await looks(ada, 'a private room');
    const bob = await visit('Bob', PHONE);
    await bob.page.getByLabel('Invite code').fill(code.toLowerCase());
    await bob.press('Join by code');
    const dialog = bob.page.getByRole('dialog', { name: 'Enter the password' });
    await dialog.getByLabel('Password').fill('wrong');
    await looks(bob, 'the password of a room');
    await bob.page.keyboard.press('Enter');
    await dialog.getByText('The password is wrong. Try again.').waitFor();
    await dialog.getByLabel('Password').fill('open sesame');
    await bob.page.keyboard.press('Enter');
    await bob.page.getByRole('heading', { name: 'The vault' }).waitFor();
    const cy = await visit('Cy');
    await cy.page.getByLabel('Invite code').fill('NO SUCH CODE');
    await cy.press('Join by code');
    await cy.page.getByRole('alert').filter({ hasText: 'There is no room with this invite code.' }).waitFor();
  });

  it('lets the host make another member the host, and remove, ban and readmit members', async () => {
    const ada = await hostOf('Table', 'The table');
    const bob = await visit('Bob', {}, ada.page.url());
    const cy = await visit('Cy', {}, ada.page.url());
    const act = async (host: Visitor, name: string, action: string): Promise<void> => {
      await host.page.getByLabel(`Actions for ${name}`).click();
      await host.page.getByRole('button', { name: action, exact: true }).click();
    };
    await cy.page.getByText('not ready').first().waitFor();
    await ada.page.getByLabel('Actions for Cy').click();
    await looks(ada, 'the actions of the host');
    await ada.page.keyboard.press('Escape');
    await act(ada, 'Cy', 'Remove');
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await cy.page.getByText('The host removed you from the room.').waitFor();
    await act(ada, 'Bob', 'Make host');
    await bob.page.getByLabel('Actions for Ada').waitFor();
    await act(bob, 'Ada', 'Ban');
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Ban' }).click();
    await ada.page.getByText('you may not join it again').waitFor();
    await ada.press('Join The table');
    await ada.page.getByRole('alert').filter({ hasText: 'The host has banned you from this room.' }).waitFor();
    await bob.page.getByText('Settings of the room').click();
    await looks(bob, 'the settings of a room');
    await bob.press('Lift the ban of Ada');
    await bob.page.getByText('Banned players').waitFor({ state: 'detached' });
    await ada.press('Join The table');
    await ada.sees('Waiting for players');
  });

  it('shows the changed settings of a room in the room and in the list of rooms', async () => {
    const ada = await hostOf('Table', 'Before');
    const bob = await visit('Bob');
    await bob.page.getByText('Before').waitFor();
    await ada.page.getByText('Settings of the room').click();
    await ada.page.getByLabel('Name of the room').fill('After');
    await ada.page.getByLabel('Map').selectOption('land');
    await ada.page.getByLabel('Locked').check();
    await ada.press('Save');
    await ada.page.getByText('The settings are saved.').waitFor();
    await ada.page.getByText('Map: land').waitFor();
    const row = bob.page.locator('.room-row', { hasText: 'After' });
    await row.getByText('locked').waitFor();
    expect(await row.getByRole('button', { name: 'Join After' }).count()).toBe(0);
  });

  it('shows each message in the chat of a room or a lobby once and in order', async () => {
    const ada = await hostOf('Table', 'The chat');
    const bob = await visit('Bob', PHONE, ada.page.url());
    const write = async ({ page }: Visitor, text: string): Promise<void> => {
      await page.getByLabel('Message', { exact: true }).fill(text);
      await page.keyboard.press('Enter');
      await page.locator('.chat-text', { hasText: text }).waitFor();
    };
    await write(ada, 'Hello Bob');
    await write(bob, '<b>Hello</b> Ada');
    await write(ada, 'Ready?');
    for (const visitor of [ada, bob]) {
      await visitor.page.locator('.chat-text', { hasText: 'Ready?' }).waitFor();
      expect(await visitor.page.locator('.chat-text').allTextContents()).toEqual(['Hello Bob', '<b>Hello</b> Ada', 'Ready?']);
    }
    await looks(bob, 'a room with a chat');
    // A player who joins later also sees the messages from before the join.
    const cy = await visit('Cy', {}, ada.page.url());
    await until(async () => (await cy.page.locator('.chat-text').count()) === 3);

    const [dee, eve] = await Promise.all([visit('Dee'), visit('Eve')]);
    for (const { page } of [dee, eve]) await page.getByLabel('Chat of the game').selectOption('chess');
    await write(dee, 'Who plays?');
    await eve.page.locator('.chat-text', { hasText: 'Who plays?' }).waitFor();
    expect(await ada.page.locator('.chat-text', { hasText: 'Who plays?' }).count()).toBe(0);
    await looks(eve, 'a lobby with a chat');
  });

  it('counts the chat messages that a player has not seen during a game', async () => {
    const ada = await hostOf('Chess', 'The game', async () => {}, {});
    const bob = await visit('Bob', PHONE, ada.page.url());
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await ada.sees('Your turn');
    const chat = ada.page.locator('.chat');
    if (await chat.evaluate((details: HTMLDetailsElement) => details.open)) await chat.locator('summary').click();
    await bob.page.getByLabel('Message', { exact: true }).fill('Good luck!');
    await bob.page.keyboard.press('Enter');
    await chat.getByText('1 new').waitFor();
    await looks(ada, 'a game with a chat');
    await looks(bob, 'a game with an open chat');
    await chat.locator('summary').click();
    await chat.getByText('Good luck!').waitFor();
    await chat.getByText('1 new').waitFor({ state: 'detached' });
    await ada.page.getByText('People in the room').click();
    await ada.page.getByLabel('Actions for Bob').click();
    await ada.page.getByRole('button', { name: 'Remove', exact: true }).click();
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await bob.page.getByText('The host removed you from the room.').waitFor();
    await ada.sees('You win');
  });

  it('shows spectators the chat of a room only with the permission of the host', async () => {
    const ada = await hostOf('Chess', 'The stage');
    const bob = await visit('Bob', {}, ada.page.url());
    const cy = await visit('Cy', {}, ada.page.url());
    await cy.page.getByText('You are watching.').waitFor();
    expect(await cy.page.locator('.chat').count()).toBe(0);
    await ada.page.getByText('Settings of the room').click();
    await ada.page.getByLabel('Spectators may read and write the chat').check();
    await ada.press('Save');
    await cy.page.getByLabel('Message', { exact: true }).fill('Hello players');
    await cy.page.keyboard.press('Enter');
    await Promise.all([ada, bob].map(({ page }) => page.locator('.chat-text', { hasText: 'Hello players' }).waitFor()));
    await ada.page.getByLabel('Who may watch').selectOption('nobody');
    await ada.press('Save');
    await cy.page.getByText('This room does not admit spectators any more.').waitFor();
  });

  it('shows the teams that the members choose and the host balances', async () => {
    const ada = await hostOf('Table', 'The teams', async ({ page }) => {
      await page.getByText('Who may join and watch, and teams').click();
      await page.getByLabel('Teams').selectOption('2');
    });
    const bob = await visit('Bob', PHONE, ada.page.url());
    const [first, second] = [1, 2].map((team) => ada.page.getByRole('region', { name: `Team ${team}` }));
    await second.getByText('Bob', { exact: true }).waitFor();
    await bob.press('Join team 1');
    await first.getByText('Bob', { exact: true }).waitFor();
    await looks(ada, 'the teams of a room');
    await ada.press('Balance the teams');
    await second.getByText('Bob', { exact: true }).waitFor();
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await Promise.all([ada, bob].map((visitor) => visitor.sees('The game is running.')));
  });

  it('shows all members why a game did not start', async () => {
    const ada = await hostOf('Profiles', 'The profiles', ({ page }) => page.getByLabel('Refuse').check());
    const bob = await visit('Bob', PHONE, ada.page.url());
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await Promise.all([ada, bob].map(({ page }) => page.getByText('The game did not start: Bob has no profile.').waitFor()));
    await looks(bob, 'a game that did not start');
  });
});
