import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { newFuzzer, type Surroundings } from './fuzzer.js';
import { readOptions } from './options.js';
import type { Target } from './target.js';

/**
 * The fraction of each target's cases that run before the first measurement of the heap, from 0 to 1. During these cases, caches fill and
 * V8 compiles code.
 */
const WARM_UP_PART = 0.1;
/** Maximum growth of the heap after the warm-up, in bytes. It allows for sessions that have not expired and for metrics. */
const GROWTH_BYTES_MAX = 32 * 1024 * 1024;
const PROGRESS_MS = 5_000;
/** The wait before each measurement, in ms. It is longer than the TTL of sessions of closed connections. */
const FORGET_MS = 12_000;

/** Runs the requested cases. Returns the exit code: 1 if there was a finding, else 0. */
export async function main(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { cases, seed } = readOptions(argv);
  console.log(`${cases} cases, --seed ${seed}`);
  const fuzzer = await newFuzzer(surroundings);
  try {
    const shares = fuzzer.targets.reduce((sum, { share }) => sum + share, 0);
    const countOf = ({ share }: Target, part: number): number => Math.max(1, Math.round((cases * part * share) / shares));
    const warm = await heapAfter(fuzzer.targets, (target) => fuzzer.run(target, countOf(target, WARM_UP_PART), seed + 1));
    const end = await heapAfter(fuzzer.targets, async (target) => {
      const count = countOf(target, 1 - WARM_UP_PART);
      const startedAt = performance.now();
      await fuzzer.run(target, count, seed, progress(target.name, count));
      console.log(`${target.name}: ${count} cases in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s, nothing found`);
    });
    console.log(`heap: ${megabytes(warm)} MB after the first tenth, ${megabytes(end)} MB at the end`);
    if (end - warm <= GROWTH_BYTES_MAX) return 0;
    console.log(`It grew by more than ${megabytes(GROWTH_BYTES_MAX)} MB, which means a memory leak.`);
    return 1;
  } catch (error) {
    for (let one = error; one !== undefined; one = (one as Error).cause)
      console.log(one instanceof Error && one !== error ? one.stack : String(one));
    return 1;
  } finally {
    await fuzzer.close();
  }
}

async function heapAfter(targets: readonly Target[], run: (target: Target) => Promise<void>): Promise<number> {
  for (const target of targets) await run(target);
  await new Promise((resolve) => setTimeout(resolve, FORGET_MS));
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function progress(name: string, count: number): () => void {
  let [done, toldAt] = [0, performance.now()];
  return () => {
    done += 1;
    if (done % 100 !== 0 || performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    console.error(`${name}: ${done} of ${count}`);
  };
}

/** Runs the garbage collector. The function `gc` exists only with the flag `--expose-gc`. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
