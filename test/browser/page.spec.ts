import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { until } from '../../tools/process/until.mjs';
import { type Fleet, startFleet } from '../harness/index.js';
import { QuietProxy } from '../harness/quiet-proxy.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { Visitor, type VisitorOptions, Visitors } from './visitor.js';

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' };

describeInChromium('the players’ page, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  const visitors = new Visitors();
  /** The name of the current test's room. Each test uses another name, because the list can still contain rooms of earlier tests. */
  let roomName = '';
  let rooms = 0;

  beforeAll(async () => {
    [fleet, browser] = await Promise.all([startFleet({ gateways: 1, lobbies: 1, games: 2 }), launchChromium()]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  afterEach(async () => {
    const defects = await visitors.leave();
    expect(defects).toEqual([]);
  });

  const home = (): string => {
    const url = new URL(fleet.gateways[0].publicUrl);
    return `http://${url.host}/`;
  };

  const visit = async (name: string, options?: VisitorOptions, url = home()): Promise<Visitor> => {
    return visitors.add(await Visitor.open(browser, name, url, options));
  };

  /** Starts a game of two visitors. The first one made the room and has seat 0. Seat 0 plays X or White. */
  const playersIn = async (game: string, options: readonly VisitorOptions[] = []): Promise<[Visitor, Visitor]> => {
    const [ada, bob] = await Promise.all([visit('Ada', options[0]), visit('Bob', options[1])]);
    await ada.press(`Create a room: ${game}`);
    rooms += 1;
    roomName = `Room ${rooms}`;
    await ada.page.getByLabel('Name of the room').fill(roomName);
    await ada.press('Create');
    await bob.press(`Join ${roomName}`);
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await ada.sees('Your turn');
    await bob.sees("Ada's turn");
    return [ada, bob];
  };

  it('matches two players, and shows their game of tic-tac-toe to its end', async () => {
    const [ada, bob] = await Promise.all([visit('Ada'), visit('Bob')]);
    await ada.press('Quick match: Tic-tac-toe');
    await ada.page.getByText('Searching for an opponent').waitFor();
    await bob.press('Quick match: Tic-tac-toe');
    await Promise.all([ada, bob].map(({ page }) => page.locator('.ttt-board').waitFor()));
    const [first, second] = (await ada.page.locator('.strip.seat-0', { hasText: 'you' }).count()) === 1 ? [ada, bob] : [bob, ada];
    await first.mark(4);
    await second.mark(0);
    await first.mark(2);
    await second.mark(1);
    await first.mark(6);
    await first.sees('You win: three in a row.');
    await second.sees(`${first.name} wins: three in a row.`);
    expect(await second.page.locator('.ttt-cell.won').count()).toBe(3);
  });

  it('cancels a search for an opponent', async () => {
    const ada = await visit('Ada');
    await ada.press('Quick match: Chess');
    await ada.press('Cancel');
    await ada.page.getByRole('button', { name: 'Quick match: Chess' }).waitFor();
    await ada.press('Create a room: Chess');
    await ada.press('Create');
    await ada.sees('Waiting for players');
  });

  it('lets a player move chess pieces by click, drag and keyboard', async () => {
    const [ada, bob] = await playersIn('Chess');
    const cy = await visit('Cy');
    await cy.press(`Watch ${roomName}`);
    await cy.sees("Ada's turn · you are watching");
    await ada.move('f2', 'f3');
    await bob.drag('e7', 'e5');
    await cy.seesPiece('e5', 'black pawn');
    await ada.type('g2', 'g4');
    await bob.move('d8', 'h4');
    await bob.sees('You win: checkmate.');
    await ada.sees('Bob wins: checkmate.');
    await cy.sees('Bob wins: checkmate.');
    await cy.seesPiece('e1', 'white king, in check');
    expect(await cy.page.getByRole('button', { name: 'Resign' }).count()).toBe(0);
  });

  it('starts chess from a given position, and explains an invalid position', async () => {
    const ada = await visit('Ada');
    await ada.press('Create a room: Chess');
    await ada.page.getByText('Start from a position').click();
    const field = ada.page.getByLabel('Position (FEN)');
    await field.fill('8/8/8/8/8/8/4P3/4K3 w - - 0 1');
    await ada.press('Create');
    await ada.page.getByRole('alert').filter({ hasText: 'The position is not valid: missing black king.' }).waitFor();
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    await field.fill('8/8/8/4k3/8/8/4P3/4K3 b - - 12 40');
    await ada.press('Create');
    await ada.sees('Waiting for players');
    await ada.page.getByText('Each game starts from the position 8/8/8/4k3/8/8/4P3/4K3 b - - 12 40.').waitFor();
    const bob = await visit('Bob', {}, ada.page.url());
    await bob.press("I'm ready");
    await ada.press("I'm ready");
    await bob.move('e5', 'd4');
    await ada.seesPiece('d4', 'black king');
    await ada.seesPiece('e2', 'white pawn');
  });

  it('limits the name of a room to the length that the server allows', async () => {
    const ada = await visit('Ada');
    await ada.press('Create a room: Tic-tac-toe');
    const field = ada.page.getByLabel('Name of the room');
    await field.fill('x'.repeat(49));
    await ada.press('Create');
    await ada.page.getByRole('alert').filter({ hasText: 'The name has 49 characters: at most 48 are allowed.' }).waitFor();
    await field.fill('é'.repeat(48));
    await ada.press('Create');
    await ada.sees('Waiting for players');
    await ada.page.getByRole('heading', { name: 'é'.repeat(48) }).waitFor();
  });

  it.each([
    ['a desktop', {}],
    ['a phone', PHONE],
  ])('keeps the board at its place when a game ends, on %s', async (_screen, options) => {
    for (const game of ['Chess', 'Tic-tac-toe']) {
      const [ada, bob] = await playersIn(game, [options, options]);
      const boards = () => Promise.all([ada, bob].map(({ page }) => page.locator('.board, .ttt-board').boundingBox()));
      const before = await boards();
      await ada.press('← Leave');
      await ada.page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
      await bob.sees('You win: the other player left.');
      await bob.page.getByRole('button', { name: 'Play again' }).waitFor();
      expect(await bob.page.locator('.board, .ttt-board').boundingBox()).toEqual(before[1]);
      await Promise.all([ada.leaveAll(), bob.leaveAll()]);
    }
  });

  it.each([
    ['a desktop', { viewport: { width: 1_280, height: 600 } }],
    ['a phone', PHONE],
  ])('shows a spectator the latest move after many moves, on %s', async (_screen, options) => {
    const { rooms } = await fleet.twoPlayersInAGame('chess');
    const knights = 'Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1 Ng8';
    const moves = `${knights} a3 a6 ${knights} b3 b6 c3 c6 d3 d6 e3 e6 g3 g6 h3 h6 ${knights}`.split(' ');
    for (const [at, san] of moves.entries()) await rooms[at % 2].send('move', { san });
    const cy = await visit('Cy', options, `${home()}#/room/${rooms[0].id}`);
    const isInView = () =>
      cy.page.locator('.moves').evaluate((list) => {
        const [outer, inner] = [list, list.querySelector('.latest') as Element].map((element) => element.getBoundingClientRect());
        return inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
      });
    await cy.page.locator('.latest', { hasText: 'Ng8' }).waitFor();
    await until(isInView);
    await rooms[0].send('move', { san: 'Nf3' });
    await cy.page.locator('.latest', { hasText: 'Nf3' }).waitFor();
    await until(isInView);
  });

  it('shows `paused` instead of the player whose turn it is while a game is paused', async () => {
    const [ada] = await playersIn('Chess');
    for (const { name } of [...fleet.games]) fleet.games.find((game) => game.name === name)?.kill();
    await ada.sees('The game is paused.');
    expect(await ada.page.title()).not.toContain('Your turn');
    expect(await ada.page.getByText('Your turn').count()).toBe(0);
    await Promise.all(fleet.games.map(({ name }) => fleet.start('game', name)));
    await ada.sees('Your turn');
    expect(await ada.page.title()).toContain('Your turn');
  });

  it('prevents moves against the rules of chess', async () => {
    const [ada, bob] = await playersIn('Chess');
    await ada.move('e2', 'e5');
    await ada.move('e2', 'e4');
    await bob.seesPiece('e4', 'white pawn');
    await bob.seesPiece('e5', 'empty');
  });

  it('asks the opponent to accept a draw', async () => {
    const [ada, bob] = await playersIn('Chess');
    await ada.press('Offer a draw');
    await bob.page.getByText('Ada offers a draw.').waitFor();
    await bob.press('Decline');
    await ada.press('Offer a draw');
    await bob.press('Accept');
    await Promise.all([ada.sees('A draw: by agreement.'), bob.sees('A draw: by agreement.')]);
  });

  it('resumes the session of a player and of a spectator after a reload during a game', async () => {
    const [ada, bob] = await playersIn('Chess');
    const cy = await visit('Cy', {}, ada.page.url());
    await cy.sees('you are watching');
    await ada.move('e2', 'e4');
    await bob.seesPiece('e4', 'white pawn');
    await Promise.all([bob.page.reload(), cy.page.reload()]);
    await bob.seesPiece('e4', 'white pawn');
    await bob.move('c7', 'c5');
    await ada.seesPiece('c5', 'black pawn');
    await cy.seesPiece('c5', 'black pawn');
    await cy.sees('you are watching');
  });

  it('plays a game in a browser that denies storage', async () => {
    const script = (): void => {
      Object.defineProperty(window, 'sessionStorage', {
        get: () => {
          throw new DOMException('Access is denied for this document.', 'SecurityError');
        },
      });
    };
    const [ada, bob] = await playersIn('Tic-tac-toe', [{ script }, {}]);
    await ada.mark(4);
    await bob.mark(0);
    await ada.sees('Your turn');
  });

  it('resumes the session within four seconds when the device is online again', async () => {
    const proxy = await QuietProxy.before(Number(new URL(fleet.gateways[0].publicUrl).port));
    try {
      const [ada, bob] = await Promise.all([visit('Ada', {}, `http://127.0.0.1:${proxy.port}/`), visit('Bob')]);
      await ada.press('Quick match: Tic-tac-toe');
      await ada.page.getByText('Searching for an opponent').waitFor();
      await bob.press('Quick match: Tic-tac-toe');
      const isFirst = await Promise.race([ada.sees('Your turn').then(() => true), bob.sees('Your turn').then(() => false)]);
      if (isFirst) await ada.mark(4);
      await ada.sees("Bob's turn");
      // Simulates a phone that changes its network: the connection stays open, but transfers no data.
      proxy.swallow();
      await bob.mark(0);
      await ada.page.context().setOffline(true);
      await ada.page.context().setOffline(false);
      const backAt = performance.now();
      await ada.sees('Your turn');
      expect(performance.now() - backAt).toBeLessThan(4_000);
    } finally {
      proxy.close();
    }
  });

  it('starts the next game in the room when both players are ready', async () => {
    const [ada, bob] = await playersIn('Tic-tac-toe');
    for (const [player, cell] of [
      [ada, 0],
      [bob, 3],
      [ada, 1],
      [bob, 4],
      [ada, 2],
    ] as const)
      await player.mark(cell);
    await bob.sees('Ada wins');
    await ada.press('Play again');
    await bob.press('Play again');
    await ada.sees('Your turn');
    expect(await ada.page.locator('.ttt-cell .mark:not(.ghost .mark)').count()).toBe(0);
  });

  it('makes a visitor a spectator when the visitor opens the link of a full room', async () => {
    const ada = await visit('Ada');
    await ada.press('Create a room: Tic-tac-toe');
    await ada.page.getByLabel('Private').check();
    await ada.press('Create');
    await ada.sees('Waiting for players');
    const bob = await visit('Bob', {}, ada.page.url());
    await bob.sees('Ready?');
    const cy = await visit('Cy', {}, ada.page.url());
    await cy.page.getByText('You are watching.').waitFor();
  });

  it('shows the message when the server refuses a request', async () => {
    const ada = await visit('Ada', {}, `${home()}#/room/no-such-room`);
    await ada.page.getByRole('alert').filter({ hasText: 'There is no such room' }).waitFor();
    await ada.page.getByRole('heading', { name: 'What shall we play?' }).waitFor();
  });

  it('shows a notice after the loss of the game server, and then continues the game', async () => {
    const [ada, bob] = await playersIn('Chess');
    await ada.move('e2', 'e4');
    await bob.seesPiece('e4', 'white pawn');
    const room = ada.page.url().split('/').at(-1) as string;
    await ada.noteBanners();
    (await fleet.ownerOf({ id: room })).kill();
    await ada.sawBanners('The game server was lost. Your game continues in a moment.', 'The game continues from the last move.');
    await bob.move('e7', 'e5');
    await ada.seesPiece('e5', 'black pawn');
  });

  it('fits on the screen of a phone', async () => {
    const [ada, bob] = await playersIn('Chess', [PHONE, PHONE]);
    expect(await ada.isAsWideAsItsWindow()).toBe(true);
    const dan = await visit('Daniel with the longest of names', PHONE);
    await dan.page.getByRole('heading', { name: 'What shall we play?' }).waitFor();
    const heights = await dan.page.locator('.bar').evaluate((bar) => [bar.clientHeight, bar.querySelector('button')?.clientHeight]);
    expect(heights).toEqual([56, 42]);
    await ada.move('e2', 'e4');
    await bob.seesPiece('e4', 'white pawn');
    const cy = await visit('Cy', PHONE);
    await cy.page
      .getByRole('button', { name: /^Watch / })
      .first()
      .waitFor();
    expect(await cy.isAsWideAsItsWindow()).toBe(true);
    await ada.press('Resign');
    await ada.press('Resign');
    await bob.sees('You win: resignation.');
    expect(await bob.isAsWideAsItsWindow()).toBe(true);
  });

  it('asks for a required token, and shows why the server refuses a token', async () => {
    const secret = 'a secret for the tokens of tests only';
    const server = await fleet.start('gateway', 'jwt', { AUTH: 'jwt', AUTH_JWT_SECRET: secret });
    const tokenFor = (name: string, expires: string) =>
      new SignJWT({ sub: name.toLowerCase(), name })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime(expires)
        .sign(new TextEncoder().encode(secret));
    const ada = await Visitor.at(browser, 'Ada', server.pageUrl);
    visitors.add(ada);
    const give = async (token: string) => {
      await ada.page.getByLabel('Your token').fill(token);
      await ada.press('Play');
    };
    const isTold = (sentence: string) => ada.page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    await give('no token');
    await isTold('The token is not a valid JWT.');
    await give(await tokenFor('Ada', '1 hour ago'));
    await isTold('The token has expired.');
    await give(await tokenFor('Ada', '1 hour'));
    await ada.page.getByRole('heading', { name: 'What shall we play?' }).waitFor();
    await ada.page.reload();
    await ada.page.getByTitle('You play as Ada').waitFor();

    const bob = await Visitor.at(browser, 'Bob', `${server.pageUrl}#token=${await tokenFor('Bob', '1 hour')}`);
    visitors.add(bob);
    await bob.page.getByTitle('You play as Bob').waitFor();
    expect(bob.page.url()).not.toContain('token');
    const cy = await Visitor.at(browser, 'Cy', `${server.pageUrl}?token=expired`);
    visitors.add(cy);
    await cy.page.getByRole('alert').filter({ hasText: 'The token is not a valid JWT.' }).waitFor();
    server.kill();
    await server.exited;
    fleet.gateways.splice(fleet.gateways.indexOf(server), 1);
  });
});

describeInChromium('the players’ page in a game of durability `checkpoint`', () => {
  it('shows how far the game was rewound after its server was killed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-page-'));
    const env = { TEST_BANK: join(dir, 'payments') };
    const [fleet, browser] = await Promise.all([
      startFleet({ gateways: 1, lobbies: 1, games: 2, testGames: { turnMs: 60_000 }, env }),
      launchChromium(),
    ]);
    try {
      const ada = await fleet.newPlayer('Ada');
      const room = await ada.createRoom({ game: 'bank-checkpoint', private: true });
      const bob = await Visitor.open(browser, 'Bob', `${fleet.gateways[0].pageUrl}#/room/${room.id}`);
      await bob.press("I'm ready");
      await room.waitFor(({ view }) => view.members[1]?.ready === true, { timeoutMs: 10_000 });
      await room.start();
      await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
      for (let times = 0; times < 3; times++) await room.send('touch');
      await bob.page.getByText('"touched": 3').waitFor();
      (await fleet.ownerOf(room)).kill();
      await bob.page
        .getByText(`The game went back ${room.version} steps after a server failed. What happened in them is undone.`)
        .waitFor();
      await bob.page.getByText('"touched": 0').waitFor();
      expect(bob.defects).toEqual([]);
    } finally {
      await browser.close();
      await fleet.stop();
      await rm(dir, { recursive: true });
    }
  }, 60_000);
});
