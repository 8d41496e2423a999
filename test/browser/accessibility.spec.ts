import type { Browser } from 'playwright-core';
import { ADMIN_TOKEN, type Fleet, startFleet } from '../harness/index.js';
import { violationsOf } from './accessibility.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { Visitor, Visitors } from './visitor.js';

describeInChromium('axe, in light and dark, on a desktop and on a phone,', () => {
  let fleet: Fleet;
  let browser: Browser;
  const visitors = new Visitors();
  let violations: string[] = [];

  beforeAll(async () => {
    [fleet, browser] = await Promise.all([
      startFleet({ gateways: 1, lobbies: 1, games: 1, testGames: { turnMs: 120_000 } }),
      launchChromium(),
    ]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  afterEach(async () => {
    await visitors.leave();
    const found = violations;
    violations = [];
    expect(found).toEqual([]);
  });

  const visit = async (name: string, url = fleet.gateways[0].pageUrl): Promise<Visitor> => {
    return visitors.add(await Visitor.open(browser, name, url));
  };

  const look = async (visitor: Visitor, state: string): Promise<void> => {
    violations.push(...(await violationsOf(visitor.page, state)));
  };

  /** Starts a game of two players. Returns the players and the address of their room. The first player has seat 0. */
  async function playersIn(game: string, status = 'Your turn'): Promise<[Visitor, Visitor, url: string]> {
    const ada = await visit('Ada');
    await ada.press(`Create a room: ${game}`);
    await ada.press('Create');
    await ada.sees('Waiting for players');
    const bob = await visit('Bartholomew the Longwinded the 3', ada.page.url());
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await ada.sees(status);
    return [ada, bob, ada.page.url()];
  }

  it('finds no violation on the start page, in the lobby and in a waiting room', async () => {
    const ada = await Visitor.at(browser, 'Ada', fleet.gateways[0].pageUrl);
    visitors.add(ada);
    await ada.page.getByLabel('Your name').fill('x'.repeat(40));
    await ada.page.getByText('The name has 40 characters: at most 32 are allowed.').waitFor();
    await look(ada, 'login');
    await ada.page.getByLabel('Your name').fill('Ada, who has a rather long name');
    await ada.press('Play');
    await ada.page.getByText('There are no open rooms.').waitFor();
    await look(ada, 'lobby without rooms');
    await ada.press('Quick match: Chess');
    await ada.page.getByText('Searching for an opponent').waitFor();
    await look(ada, 'searching');
    await ada.press('Cancel');
    await ada.press('Create a room: Chess');
    await ada.page.getByText('Start from a position').click();
    await ada.page.getByLabel('Position (FEN)').fill('8/8/8/8/8/8/4P3/4K3 w - - 0 1');
    await ada.page.getByText('missing black king').waitFor();
    await look(ada, 'new room with a flaw');
    await ada.page.getByLabel('Position (FEN)').fill('8/8/8/4k3/8/8/4P3/4K3 w - - 0 1');
    await ada.page.getByLabel('Name of the room').fill('The endgame that never ended, a long room name!!');
    await ada.press('Create');
    await ada.sees('Waiting for players');
    await look(ada, 'waiting');
    const bob = await visit('Bob');
    await bob.page.getByText('The endgame that never ended').waitFor();
    await look(bob, 'lobby with a room');
    await bob.page.goto(`${fleet.gateways[0].pageUrl}#/room/none`);
    await bob.page.getByRole('alert').filter({ hasText: 'There is no such room' }).waitFor();
    await look(bob, 'error');
  }, 120_000);

  it('finds no violation on the page of a server that requires a token', async () => {
    const server = await fleet.start('gateway', 'jwt', { AUTH: 'jwt', AUTH_JWT_SECRET: 'a secret for the tokens of tests only' });
    const ada = await Visitor.at(browser, 'Ada', server.pageUrl);
    visitors.add(ada);
    await ada.page.getByLabel('Your token').fill('no token');
    await ada.press('Play');
    await ada.page.getByRole('alert').filter({ hasText: 'The token is not a valid JWT.' }).waitFor();
    await look(ada, 'login with a wrong token');
    server.kill();
    await server.exited;
    fleet.gateways.splice(fleet.gateways.indexOf(server), 1);
  }, 120_000);

  it('finds no violation during the promotion of a pawn', async () => {
    const ada = await visit('Ada');
    await ada.press('Create a room: Chess');
    await ada.page.getByText('Start from a position').click();
    await ada.page.getByLabel('Position (FEN)').fill('8/4P3/8/8/8/4k3/8/4K3 w - - 0 1');
    await ada.press('Create');
    await ada.sees('Waiting for players');
    const bob = await visit('Bob', ada.page.url());
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await ada.move('e7', 'e8');
    await ada.page.getByRole('dialog', { name: 'Promote to' }).waitFor();
    await look(ada, 'chess promotion');
  }, 120_000);

  it('finds no violation in a game for which the page has no board', async () => {
    const [ada] = await playersIn('Fleeting', 'The game is running.');
    await ada.page.getByText('This page has no board for this game.').waitFor();
    await look(ada, 'game without a board');
  }, 120_000);

  it('finds no violation in a game of chess, for its players and for a spectator', async () => {
    const [ada, bob, url] = await playersIn('Chess');
    await ada.page.locator('[data-square="e2"]').click();
    await look(ada, 'chess');
    await ada.page.locator('[data-square="e4"]').click();
    await bob.move('e7', 'e5');
    const cy = await visit('Cy', url);
    await cy.sees('you are watching');
    await look(cy, 'chess watched');
    await ada.press('Offer a draw');
    await bob.page.getByText('Ada offers a draw.').waitFor();
    await look(bob, 'chess with a draw offer');
    await bob.press('Decline');
    await ada.press('← Leave');
    await ada.page.getByRole('dialog').waitFor();
    await look(ada, 'chess left');
    await ada.press('Stay');
    await bob.press('Resign');
    await look(bob, 'chess resigned');
    await bob.press('Resign');
    await bob.sees('Ada wins: resignation.');
    await Promise.all([look(bob, 'chess lost'), look(cy, 'chess ended watched')]);
  }, 120_000);

  it('finds no violation in a game that loses its server and that an operator ends', async () => {
    const [ada, bob] = await playersIn('Tic-tac-toe');
    await ada.mark(4);
    await bob.mark(0);
    await ada.sees('Your turn');
    await look(ada, 'tic tac toe');
    fleet.games[0].kill();
    await ada.page.getByText('The game server was lost.').waitFor();
    await look(ada, 'paused');
    await fleet.start('game', '1');
    await ada.sees('Your turn');
    const room = ada.page.url().split('/').at(-1) as string;
    const operator = await Visitor.at(browser, 'Operator', `${fleet.gateways[0].opsUrl}/`);
    visitors.add(operator);
    await look(operator, 'dashboard before the token');
    await operator.page.getByLabel('Admin token').fill('wrong');
    await operator.press('Sign in');
    await operator.page.getByRole('alert').filter({ hasText: 'token' }).waitFor();
    await look(operator, 'dashboard with a wrong token');
    await operator.page.getByLabel('Admin token').fill(ADMIN_TOKEN);
    await operator.press('Sign in');
    await operator.page.getByRole('table', { name: 'Servers' }).getByRole('link', { name: 'game:1', exact: true }).waitFor();
    await look(operator, 'dashboard');
    await operator.page.goto(`${fleet.gateways[0].opsUrl}/#/rooms/${room}`);
    await operator.page.getByRole('button', { name: 'Migrate' }).click();
    await operator.press('Migrate');
    await operator.page.getByRole('button', { name: 'Try again' }).waitFor();
    await look(operator, 'dashboard with a failure');
    await operator.press('Close');
    await operator.page.getByRole('button', { name: /^End / }).click();
    await operator.page
      .getByLabel('Reason, shown to the players')
      .fill('The tournament is over. Thank you for playing, and come back on Sunday!');
    await look(operator, 'dashboard with a question');
    await operator.press('End');
    await Promise.all([ada, bob].map((player) => player.sees('An operator ended the game: The tournament is over.')));
    await look(ada, 'ended by an operator');
    await operator.page.getByText('has ended.').waitFor();
    await look(operator, 'dashboard with a result');
    await operator.press('Close');
    // A copy of Ada's tab takes over her session. The first tab shows that it has lost the session.
    await Promise.all([ada.page.context().waitForEvent('page'), ada.page.evaluate(() => void window.open(location.href))]);
    await ada.page.getByRole('heading', { name: 'You are now playing in another place.' }).waitFor();
    await look(ada, 'continued in another place');
    fleet.gateways[0].kill();
    await bob.page.getByText('Connection lost. Reconnecting…').waitFor();
    await look(bob, 'reconnecting');
    await operator.page.getByText('There is no connection to the gateway.').waitFor();
    await look(operator, 'dashboard without its gateway');
  }, 120_000);
});
