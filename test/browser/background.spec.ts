import type { Browser } from 'playwright-core';
import type { Room, Session } from '#libs/client';
import { type Fleet, startFleet, until } from '../harness/index.js';
import { BackgroundTab } from './background-tab.js';
import { describeInChromium, launchChromium } from './chromium.js';

/** Flags with which Playwright disables the throttling of tabs in the background. The tests start Chromium without them. */
const BACKGROUND_FLAGS = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];
const TIMEOUT_MS = 4_000;

describeInChromium('a tab in the background, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  let tab: BackgroundTab;
  let bob: Session;
  let room: Room;
  /**
   * Signs of an absent player that Bob received: `away` for each view of the room in which a member is away, and the reason of each pause.
   * The tests expect none.
   */
  let learned: string[];

  beforeAll(async () => {
    [fleet, browser] = await Promise.all([
      startFleet({ gateways: 1, lobbies: 1, games: 1, env: { CONNECTION_TIMEOUT_MS: String(TIMEOUT_MS) } }),
      launchChromium({ ignoreDefaultArgs: BACKGROUND_FLAGS }),
    ]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  beforeEach(async () => {
    tab = await BackgroundTab.open(browser, `http://${new URL(fleet.gateways[0].publicUrl).host}/`);
    await tab.sees("document.querySelector('input')");
    await tab.evaluate(`(() => {
      const name = document.querySelector('input');
      name.value = 'Ada';
      name.dispatchEvent(new Event('input', { bubbles: true }));
      [...document.querySelectorAll('button')].find((each) => each.textContent.trim() === 'Play').click();
    })()`);
    const match =
      "[...document.querySelectorAll('button')].find((each) => /Quick match.*Tic-tac-toe/i.test(each.ariaLabel ?? each.textContent))";
    await tab.sees(match);
    await tab.evaluate(`${match}.click()`);
    await tab.sees("document.body.textContent.includes('Searching')");
    bob = await fleet.newPlayer('Bob');
    room = await bob.quickMatch('tic-tac-toe');
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 5_000 });
    learned = [];
    room.on('view', ({ members }) => {
      if (members.some(({ here }) => !here)) learned.push('away');
    });
    room.on('pause', (reason) => learned.push(reason));
    await tab.sees("document.querySelector('.ttt-board')");
  });

  afterEach(async () => {
    await tab.close();
    bob.close();
  });

  const turn = (): number => (room.state as { turn: number }).turn;
  const marks = "document.querySelectorAll('.ttt-cell .mark:not(.ghost .mark)').length";

  /**
   * Makes sure that the next move is Bob's. If it is Ada's turn, lets her make the first move. Returns the number of Ada's moves, 0 or 1.
   */
  async function adaMovesIfFirst(): Promise<number> {
    if (turn() === room.seat) return 0;
    await tab.evaluate("document.querySelectorAll('.ttt-cell')[4].click()");
    await until(() => turn() === room.seat);
    return 1;
  }

  async function idle(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  it('keeps its connection while its timers are throttled, and shows a move within two seconds', async () => {
    const before = await adaMovesIfFirst();
    await tab.hide();
    await tab.slowDown(20);
    await tab.evaluate('window.beats = 0; setInterval(() => { window.beats += 1; }, 100); 0');
    await idle(3 * TIMEOUT_MS);
    // A timer without throttling would have fired 60 times in this time.
    expect(await tab.evaluate<number>('window.beats')).toBeLessThan(15);
    await room.send('place', { cell: 0 });
    await tab.sees(`${marks} === ${before + 1}`, 2_000);
    expect(learned).toEqual([]);
  });

  it('keeps its connection while the tab is frozen, and shows the missed moves within two seconds', async () => {
    const before = await adaMovesIfFirst();
    await tab.hide();
    await tab.freeze();
    await idle(3 * TIMEOUT_MS);
    await room.send('place', { cell: 0 });
    expect(learned).toEqual([]);
    await tab.thaw();
    await tab.show();
    await tab.sees(`${marks} === ${before + 1}`, 2_000);
    expect(learned).toEqual([]);
  });
});
