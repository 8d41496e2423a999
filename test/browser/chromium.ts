import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Returns the path of a Chromium: from `CHROMIUM_PATH`, from Debian's package, or on the PATH. Null when this machine has no Chromium. */
function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  const onPath = (env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [env.CHROMIUM_PATH ?? '', '/usr/bin/chromium', ...onPath].find((path) => path !== '' && existsSync(path)) ?? null;
}

/** Flags that prevent network traffic to other machines, and that disable unneeded processes. */
const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--process-per-site',
  '--disable-features=SpareRendererForSitePerProcess,Translate,OptimizationHints,MediaRouter',
  '--disable-extensions',
  '--disable-component-extensions-with-background-pages',
];

const executablePath = findChromium();

/** Describes tests that need Chromium. A machine without Chromium skips the tests. */
export const describeInChromium = executablePath ? describe : describe.skip;
if (!executablePath) console.warn('Skipped: no Chromium here. Name one in CHROMIUM_PATH, or install `chromium`.');

/** Starts Chromium. Call this only within `describeInChromium`. */
export function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS, ...options });
}
