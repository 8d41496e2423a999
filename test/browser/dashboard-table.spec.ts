import type { Browser, Locator, Page } from 'playwright-core';
import { serveSyntheticApi } from '../../tools/dashboard/synthetic-api.mjs';
import { until } from '../harness/index.js';
import { describeInChromium, launchChromium } from './chromium.js';

/** Number of rooms on one page of the list. */
const ROOMS = 200;

describeInChromium('a long table of the dashboard', () => {
  let api: Awaited<ReturnType<typeof serveSyntheticApi>>;
  let browser: Browser;
  let page: Page;
  let area: Locator;

  beforeAll(async () => {
    [api, browser] = await Promise.all([serveSyntheticApi({ servers: 10, rooms: 1_000 }), launchChromium()]);
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript(() => sessionStorage.setItem('holdfast-admin-token', 'a token'));
    await page.goto(`${api.url}#/rooms`);
    area = page.getByRole('group', { name: 'Rooms' });
    await page.locator('tr[data-key]').first().waitFor();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    api?.close();
  });

  const scrollTo = (top: number): Promise<void> => area.evaluate((element, to) => element.scrollTo(0, to), top);

  it('shows a row at every visible place during a scroll, and does not move its columns', async () => {
    await page.locator('col').first().waitFor({ state: 'attached' });
    const { blank, heights, columns, rendered, last } = await area.evaluate(async (element) => {
      const { left, top, height } = element.getBoundingClientRect();
      const seen = { blank: 0, heights: new Set<number>(), columns: new Set<string>(), rendered: 0, last: 0 };
      for (const step of [60, 350, -90]) {
        for (let frame = 0; frame < 25; frame++) {
          element.scrollBy(0, step);
          await new Promise(requestAnimationFrame);
          for (let y = top + 40; y < top + height - 5; y += 30)
            if (!document.elementFromPoint(left + 100, y)?.closest('tr[data-key]')) seen.blank++;
          const rows = [...element.querySelectorAll('tr[data-key]')];
          seen.rendered = Math.max(seen.rendered, rows.length);
          seen.last = Math.max(seen.last, Number(rows.at(-1)?.getAttribute('aria-rowindex')));
          seen.heights.add(element.scrollHeight);
          seen.columns.add([...element.querySelectorAll('th')].map((head) => Math.round(head.getBoundingClientRect().left)).join());
        }
      }
      return { ...seen, heights: [...seen.heights], columns: [...seen.columns] };
    });
    expect(blank).toBe(0);
    expect(heights).toHaveLength(1);
    expect(columns).toHaveLength(1);
    expect(rendered).toBeLessThan(60);
    // The head of the table counts as the first row.
    expect(last).toBe(ROOMS + 1);
  });

  it('keeps the keyboard focus in a row that is scrolled out of sight', async () => {
    await scrollTo(0);
    const link = page.getByRole('row').nth(3).getByRole('link').first();
    const name = await link.textContent();
    await link.focus();
    for (const top of [3_000, 1_000_000]) {
      await scrollTo(top);
      await until(async () => (await page.locator('tr[aria-rowindex="4"] + tr.gap').count()) === 1);
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(name);
    }
    await scrollTo(0);
    await page.locator('tr[aria-rowindex="4"] + tr[aria-rowindex="5"]').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(name);
  });

  it('shows the first rows after a scroll to the end when a filter leaves few rows', async () => {
    await scrollTo(1_000_000);
    await page.locator(`tr[aria-rowindex="${ROOMS + 1}"]`).waitFor();
    await page.getByLabel('Status').selectOption('Waiting');
    await page.getByText('91 shown').waitFor();
    await page.locator('tr[aria-rowindex="92"]').waitFor();
    await scrollTo(0);
    await page.locator('tr[aria-rowindex="2"]').waitFor();
  });
});
