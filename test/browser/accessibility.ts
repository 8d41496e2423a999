import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Folder for screenshots of each tested state, which help developers who change the pages. Without it, the tests take no screenshots. */
const PICTURES = process.env.PICTURES;

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/**
 * Runs axe on the page in its current state, in light and in dark colors, in the size of a desktop and of a phone. Returns the violations,
 * one line each. With the variable PICTURES it also takes screenshots. `brief`: checks only light on the desktop and dark on the phone.
 */
export async function violationsOf(page: Page, state: string, extent: 'all' | 'brief' = 'all'): Promise<string[]> {
  const found: string[] = [];
  const before = page.viewportSize();
  for (const [screen, size] of [
    ['desktop', DESKTOP],
    ['phone', PHONE],
  ] as const) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      if (extent === 'brief' && (screen === 'desktop') !== (colorScheme === 'light')) continue;
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const where = `${state} (${screen}, ${colorScheme})`;
      found.push(...(await axeOn(page)).map((violation) => `${where}: ${violation}`));
      if (screen === 'phone') found.push(...(await overflowOf(page)).map((element) => `${where}: ${element} is wider than the screen`));
      if (PICTURES) await takePicture(page, PICTURES, `${state}-${screen}-${colorScheme}`);
    }
  }
  if (before) await page.setViewportSize(before);
  return found;
}

async function axeOn(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => {
      const examples = nodes.slice(0, 2).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`);
      return `${id} (${nodes.length}): ${examples.join(' | ')}`;
    });
  });
}

function overflowOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    if (document.documentElement.scrollWidth <= window.innerWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().right > window.innerWidth + 1,
    );
    return wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 100));
  });
}

async function takePicture(page: Page, folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`) });
}
