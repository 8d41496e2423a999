import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
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

  it('finds a word without a search service', async () => {
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(new URL(request.url()).origin));
    await page.locator('.VPNavBarSearch button').first().click();
    await page.getByRole('searchbox').fill('Colyseus');
    await page.getByRole('option').first().click();
    await page.waitForURL(/\.html/);
    expect(new Set(addresses)).toEqual(new Set([new URL(site.url).origin]));
  });
});
