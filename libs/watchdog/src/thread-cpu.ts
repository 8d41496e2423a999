import { readFileSync } from 'node:fs';

const PATH = `/proc/self/task/${process.pid}/schedstat`;

/**
 * Returns the CPU time of this process's main thread in ms, in any thread of the process. Returns NaN where the system does not provide
 * this time (not Linux).
 */
export function mainThreadCpuMs(): number {
  try {
    return Number(readFileSync(PATH, 'utf8').split(' ', 1)[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}
