import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Capacity, capacityFor, type Demand } from '../../tools/capacity/capacity.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { startSite } from '../harness/site.js';
import { violationsOf } from './accessibility.js';
import { describeInChromium, launchChromium } from './chromium.js';

describeInChromium('the documentation site', () => {
  let folder: string;
  let site: Awaited<ReturnType<typeof startSite>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-site-'));
    [site, browser] = await Promise.all([startSite(folder), launchChromium()]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page = await browser.newPage();
    await page.goto(site.url);
  });
  afterEach(() => page.close());

  it('shows a description of Holdfast and a game on its home page', async () => {
    await page.getByRole('heading', { name: 'Games that outlive their servers' }).waitFor();
    await page.getByText('export class Coins').waitFor();
    expect(await violationsOf(page, 'site first page')).toEqual([]);
  });

  it('has working links from the home page to the guide, and to headings of other pages', async () => {
    await page.getByRole('link', { name: 'Write a game' }).first().click();
    await page.getByRole('heading', { name: 'Writing a game', level: 1 }).waitFor();
    expect(await violationsOf(page, 'site guide')).toEqual([]);
    await page.goto(`${site.url}documentation.html`);
    await page.locator('a[href$="protocol.html#commands-exactly-once"]').click();
    await page.getByRole('heading', { name: /^Commands, exactly once/i }).waitFor();
  });

  it('has a reference of the packages with the docstrings of their exports', async () => {
    await page.goto(`${site.url}reference/`);
    await page.getByRole('link', { name: '@holdfast/client/chat' }).last().click();
    await page.getByRole('heading', { name: '@holdfast/client/chat', level: 1 }).waitFor();
    await page.getByText('Opens the chat of the player').waitFor();
    expect(await violationsOf(page, 'site reference')).toEqual([]);
  });

  describe('has a capacity calculator that', () => {
    const measured = JSON.parse(readFileSync(join(ROOT, 'bench/baseline.json'), 'utf8')).sections;
    const TURN_BASED: Demand = {
      players: 50_000,
      perRoom: 4,
      game: 'turn-based',
      durability: 'every-change',
      commandsPerSecond: 0.5,
      stepsPerSecond: 20,
      bytesPerSync: 120,
      minutes: 15,
      loadPercent: 60,
    };
    const REAL_TIME: Demand = {
      ...TURN_BASED,
      game: 'real-time',
      durability: 'every-change',
      perRoom: 8,
      stepsPerSecond: 30,
      bytesPerSync: 400,
    };
    const LABELS = {
      players: 'Connected players',
      perRoom: 'Players in a room',
      commandsPerSecond: 'Commands of a player per second',
      stepsPerSecond: 'Steps per second',
      bytesPerSync: 'Bytes to a player per step or command',
      minutes: 'Minutes of a game',
      loadPercent: 'Load of a process, % of a core',
    } as const;
    const form = () => page.getByRole('form', { name: 'Capacity calculator' });
    const result = () => form().getByRole('status');

    /** The rows of the result as the calculator shows them: processes, cores and memory of each type of server. */
    const rowsOf = ({ gateways, lobbies, games, redis }: Capacity): string[] =>
      Object.entries({ Gateways: gateways, Lobbies: lobbies, 'Game servers': games, Redis: redis }).map(
        ([name, { processes, cores, megabytes }]) => `${name} ${processes} ${cores.toFixed(2)} ${megabytes.toFixed(0)} MB`,
      );
    const rowsShown = async (): Promise<string[]> =>
      (await result().locator('tbody tr').allInnerTexts()).map((row) => row.replace(/\s+/g, ' ').trim());
    const megabits = (bits: number): string => `${(bits / 1e6).toFixed(1)} Mbit/s`;

    it.each([
      ['turn-based', TURN_BASED],
      ['real-time', REAL_TIME],
    ])('computes the servers for a %s game like `npm run capacity`, without a request to a service', async (_, demand) => {
      await page.goto(`${site.url}capacity.html`);
      await page.waitForLoadState('networkidle');
      const addresses: string[] = [];
      page.on('request', (request) => addresses.push(request.url()));
      await form().getByLabel('Kind of game').selectOption(demand.game);
      await form().getByLabel('Durability').selectOption(demand.durability);
      const unused = demand.game === 'real-time' ? 'commandsPerSecond' : 'stepsPerSecond';
      for (const [name, label] of Object.entries(LABELS))
        if (name !== unused)
          await form()
            .getByLabel(label)
            .fill(String(demand[name as keyof typeof LABELS]));
      const expected = capacityFor(demand, measured);
      expect(await rowsShown()).toEqual(rowsOf(expected));
      const { toPlayers, fromPlayers } = expected.bitsPerSecond;
      expect(await result().textContent()).toContain(
        `${megabits(toPlayers)} to players${fromPlayers === null ? '' : `, ${megabits(fromPlayers)} from them`}.`,
      );
      expect(await form().getByLabel(LABELS[unused]).count()).toBe(0);
      expect(addresses).toEqual([]);
    });

    it('names the allowed values when a number is wrong, and shows no result until the number is corrected', async () => {
      await page.goto(`${site.url}capacity.html`);
      const players = form().getByLabel(LABELS.players);
      await players.fill('many');
      await form().getByText('Connected players: it must be a number from 1 to 10000000.').waitFor();
      expect(await players.getAttribute('aria-invalid')).toBe('true');
      expect((await result().textContent())?.trim()).toBe('Correct the marked numbers.');
      await players.fill('1000');
      expect(await rowsShown()).toHaveLength(4);
    });

    it('computes a result for a reader who uses only the keyboard', async () => {
      await page.goto(`${site.url}capacity.html`);
      await page.waitForLoadState('networkidle');
      await form().getByLabel('Kind of game').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.type('20000');
      const defaults = { perRoom: 16, commandsPerSecond: 0.2, stepsPerSecond: 20, bytesPerSync: 80, minutes: 10, loadPercent: 50 };
      const demand: Demand = { ...defaults, players: 20_000, game: 'real-time', durability: 'checkpoint' };
      expect(await rowsShown()).toEqual(rowsOf(capacityFor(demand, measured)));
    });

    it('is accessible and fits on a phone, in light and dark colors, also with a wrong number', async () => {
      await page.goto(`${site.url}capacity.html`);
      await page.waitForLoadState('networkidle');
      await form().getByText('The measured figures of this result').click();
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await result().evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
      expect(await violationsOf(page, 'site capacity')).toEqual([]);
      await form().getByLabel(LABELS.players).fill('many');
      await result().getByText('Correct the marked numbers.').waitFor();
      expect(await violationsOf(page, 'site capacity wrong')).toEqual([]);
    });
  });

  it('finds a word without an external search service', async () => {
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(new URL(request.url()).origin));
    await page.locator('.VPNavBarSearch button').first().click();
    await page.getByRole('searchbox').fill('Colyseus');
    await page.getByRole('option').first().click();
    await page.waitForURL(/\.html/);
    expect(new Set(addresses)).toEqual(new Set([new URL(site.url).origin]));
  });
});
