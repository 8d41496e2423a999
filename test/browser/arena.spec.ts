import type { Browser } from 'playwright-core';
import { redisName } from '#libs/redis';
import { DelayingProxy, type Fleet, startFleet, until } from '../harness/index.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { Visitor } from './visitor.js';

/** The player's own ship in one frame of the page, with the time of the frame in ms. */
interface Frame {
  readonly at: number;
  readonly x: number;
  readonly y: number;
  readonly heading: number;
  readonly fired: number;
  /** Distance by which the latest state from the server corrected the predicted position, in units of the field. */
  readonly correction: number;
}

/** The smallest distance between two frames that counts as a move, in units of the field. A ship with its engine on moves farther. */
const MOVED = 0.3;
/** The longest time for which the ship may stand still, in ms. A player would notice a longer stop. */
const STILL_MS_MAX = 100;

describeInChromium('the arena, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  let relay: DelayingProxy | null = null;
  beforeAll(async () => {
    [fleet, browser] = await Promise.all([startFleet({ gateways: 1, lobbies: 1, games: 2 }), launchChromium()]);
  }, 60_000);
  afterEach(() => {
    relay?.close();
    relay = null;
  });
  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  /** Starts a game of one player and bots, and records each frame of the page. */
  async function play(delayMs: number): Promise<Visitor> {
    const { pageUrl } = fleet.gateways[0];
    relay = delayMs > 0 ? await DelayingProxy.before(Number(new URL(pageUrl).port), delayMs) : null;
    const ada = await Visitor.open(browser, 'Ada', relay ? `http://127.0.0.1:${relay.port}/` : pageUrl);
    await ada.press('Create a room: Arena');
    await ada.page.getByLabel('Name of the room').fill('Dogfight');
    await ada.press('Create');
    await ada.press("I'm ready");
    await ada.page.getByTestId('arena').waitFor();
    await ada.page.getByTestId('arena').evaluate((field) => {
      const frames: unknown[] = [];
      Object.assign(window, { frames });
      field.addEventListener('own-frame', (event) => {
        const { at, x, y, heading, fired, correction } = (event as CustomEvent).detail;
        frames.push({ at, x, y, heading, fired, correction });
      });
    });
    return ada;
  }

  it.each([
    ['without added latency', 0],
    ['with 100 ms of latency in each direction', 100],
  ])(
    'keeps the ship of the player moving, and loses no shot, when the game server is killed, %s',
    async (title, delayMs) => {
      const ada = await play(delayMs);
      const frames = (): Promise<Frame[]> => ada.page.evaluate(() => (window as unknown as { frames: Frame[] }).frames);
      const { keyboard } = ada.page;
      for (const key of ['ArrowUp', 'ArrowRight', 'Space']) await keyboard.down(key);
      await until(async () => ((await frames()).at(-1)?.fired ?? 0) >= 6, 20_000);
      const before = await frames();
      expect(stillMs(before.slice(-30))).toBeLessThanOrEqual(STILL_MS_MAX);
      const id = (await fleet.redis.client.zrange(redisName('rooms'), '0', '-1')).at(-1) as string;
      const owner = await fleet.ownerOf({ id });
      owner.kill();
      const fired = before.at(-1)!.fired;
      // The ship can fire again only after the next owner has adopted the room.
      await until(async () => ((await frames()).at(-1)?.fired ?? 0) >= fired + 3, 20_000);
      expect((await fleet.ownerOf({ id })).id).not.toBe(owner.id);
      const after = (await frames()).slice(before.length - 30);
      expect(stillMs(after)).toBeLessThanOrEqual(STILL_MS_MAX);
      expect(after.every((frame, index) => index === 0 || frame.fired >= after[index - 1]!.fired)).toBe(true);
      for (const key of ['ArrowUp', 'ArrowRight', 'Space']) await keyboard.up(key);
      expect(ada.defects).toEqual([]);
      if (process.env.SHOW) {
        const corrected = (some: readonly Frame[]): string => Math.max(...some.map(({ correction }) => correction)).toFixed(1);
        const usual = before.slice(-60);
        process.stdout.write(
          `${title}: longest stand ${Math.round(stillMs(usual))} ms, during the kill ${Math.round(stillMs(after))} ms; largest correction ${corrected(usual)} units, during the kill ${corrected(after)} units\n`,
        );
      }
      await ada.page.context().close();
      await fleet.restart(owner);
      await fleet.whole();
    },
    90_000,
  );
});

/** Returns the longest time for which the ship neither moved nor turned from frame to frame, in ms. */
function stillMs(all: readonly Frame[]): number {
  let longest = 0;
  let movedAt = all[0]?.at ?? 0;
  for (let index = 1; index < all.length; index++) {
    const [before, { at, x, y, heading }] = [all[index - 1]!, all[index]!];
    if (Math.hypot(x - before.x, y - before.y) > MOVED || heading !== before.heading) movedAt = at;
    else longest = Math.max(longest, at - movedAt);
  }
  return longest;
}
