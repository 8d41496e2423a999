import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './paths.mjs';

const MODULE = join(ROOT, 'tools/process/free-port.mjs');

/** Gets a hundred ports at once in one process. */
async function hundredPorts(worker: string): Promise<number[]> {
  const code = `const { freePort } = await import(${JSON.stringify(MODULE)});
    console.log(JSON.stringify(await Promise.all(Array.from({ length: 100 }, () => freePort()))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    env: { PATH: process.env.PATH, JEST_WORKER_ID: worker },
  });
  return JSON.parse(stdout) as number[];
}

describe('a free port', () => {
  it('is returned only once in all workers of a jest run', async () => {
    const [one, two] = await Promise.all([hundredPorts('1'), hundredPorts('2')]);
    expect(new Set([...one, ...two]).size).toBe(200);
    expect(Math.min(...two)).toBeGreaterThan(Math.max(...one));
  });

  it('meets the condition of the caller', async () => {
    const { freePort } = (await import(MODULE)) as typeof import('./free-port.mjs');
    const ports = await Promise.all(Array.from({ length: 20 }, () => freePort('127.0.0.1', (port) => port % 2 === 0)));
    expect(ports.filter((port) => port % 2 !== 0)).toEqual([]);
  });
});
