import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The repository, seen from dist/bench. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BENCH_DIST = join(ROOT, 'dist/bench');

// The tools run from their sources, but these files run from dist/, so the path is computed.
const tool = (path: string): string => pathToFileURL(join(ROOT, 'tools', path)).href;

export const { startRedis } = (await import(tool('redis/index.mjs'))) as typeof import('../tools/redis/index.mjs');
export const { launchServer, mainOf } = (await import(
  tool('start/launch-server.mjs')
)) as typeof import('../tools/start/launch-server.mjs');
export const { freePort } = (await import(tool('process/free-port.mjs'))) as typeof import('../tools/process/free-port.mjs');
export const { findProxy } = (await import(tool('proxies/find-proxy.mjs'))) as typeof import('../tools/proxies/find-proxy.mjs');
export const { HOLDFAST_DIR } = (await import(tool('process/paths.mjs'))) as typeof import('../tools/process/paths.mjs');
export const { spawnLeashed } = (await import(tool('process/leashed.mjs'))) as typeof import('../tools/process/leashed.mjs');

/** Returns the monotonic time in ms, which is the same in all processes of a machine. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export async function until(isSo: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const deadline = nowMs() + deadlineMs;
  while (!(await isSo())) {
    if (nowMs() > deadline) throw new Error(`the condition did not become true within ${deadlineMs} ms: ${isSo}`);
    await sleep(20);
  }
}

export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
