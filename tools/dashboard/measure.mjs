import { chromium } from 'playwright-core';
import { serveSyntheticApi } from './synthetic-api.mjs';

// Measures the dashboard in Chromium, with a synthetic fleet of 100 servers and 10,000 rooms: the time until each page shows its content,
// and the intervals between consecutive frames while its tables scroll.
// Build the code first: `npm run build && node tools/dashboard/measure.mjs`
const PAGES = {
  fleet: '#/',
  rooms: '#/rooms',
  server: '#/servers/hf%3Agame%3A1',
  players: '#/players',
  charts: '#/charts',
  events: '#/events',
};
const SCROLL_MS = 4_000;

const api = await serveSyntheticApi();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
await context.addInitScript(() => sessionStorage.setItem('holdfast-admin-token', 'a token'));
console.log('page      ready ms  transferred KB  DOM nodes  frames  p50 ms  p99 ms  longest ms  long tasks ms');
for (const [name, address] of Object.entries(PAGES)) {
  const page = await context.newPage();
  let bytes = 0;
  page.on('response', async (response) => {
    const body = await response.body().catch(() => Buffer.alloc(0));
    if (!response.url().includes('/api/')) bytes += body.length;
  });
  const began = performance.now();
  await page.goto(api.url + address);
  await page
    .locator(name === 'charts' ? 'canvas' : 'tr[data-key]')
    .first()
    .waitFor();
  const readyMs = performance.now() - began;
  const { frames, longTasksMs, nodes } = await page.evaluate(scrollAndCount, SCROLL_MS);
  frames.sort((one, other) => one - other);
  const at = (/** @type {number} */ part) => (frames[Math.floor(frames.length * part)] ?? 0).toFixed(1);
  const columns = [
    name,
    readyMs.toFixed(0),
    (bytes / 1024).toFixed(0),
    nodes,
    frames.length,
    at(0.5),
    at(0.99),
    (frames.at(-1) ?? 0).toFixed(1),
    longTasksMs.toFixed(0),
  ];
  console.log(columns.map((value, index) => String(value).padEnd([10, 10, 16, 11, 8, 8, 8, 12, 0][index] ?? 0)).join(''));
  await page.close();
}
await browser.close();
api.close();

/**
 * Runs in the page: scrolls the page and its long tables up and down, and measures the intervals between consecutive frames.
 *
 * @param {number} forMs
 */
async function scrollAndCount(forMs) {
  let longTasksMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasksMs += duration;
  }).observe({ type: 'longtask' });
  const areas = [document.scrollingElement, ...document.querySelectorAll('.table-area.virtual')];
  /** @type {number[]} */
  const frames = [];
  const began = performance.now();
  let last = began;
  while (last - began < forMs) {
    const now = await new Promise((resolve) => requestAnimationFrame(resolve));
    frames.push(now - last);
    last = now;
    for (const area of areas) area?.scrollBy(0, (now - began) % 2_000 < 1_000 ? 60 : -60);
  }
  return { frames: frames.slice(1), longTasksMs, nodes: document.querySelectorAll('*').length };
}
