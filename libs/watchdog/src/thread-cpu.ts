import { readFileSync } from 'node:fs';

const PATH = `/proc/self/task/${process.pid}/schedstat`;

/**
 * CPU time of this process's main thread in ms, readable from any of its threads. NaN where the system does not provide it (not
 * Linux).
 */
export function mainThreadCpuMs(): number {
  try {
    return Number(readFileSync(PATH, 'utf8').split(' ', 1)[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}
