import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from './until.mjs';

const LOCK_FILE = pathToFileURL(join(__dirname, 'lock-file.mjs')).href;

let folder: string;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-lock-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

/**
 * Starts a process that holds the lock for `holdMs`. The process writes two lines into the file `diary`: `in` with its name when it gets
 * the lock, and `out` with its name when it releases the lock.
 */
function holder(name: string, holdMs: number): { child: ChildProcess; ended: Promise<number | null> } {
  const program = `
    import { appendFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(LOCK_FILE)};
    const say = (what) => appendFileSync(${JSON.stringify(join(folder, 'diary'))}, what + ' ${name}\\n');
    await withLock(${JSON.stringify(join(folder, 'lock'))}, async () => {
      say('in');
      await new Promise((resolve) => setTimeout(resolve, ${holdMs}));
      say('out');
    }, { waiting: () => say('waiting') });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  children.push(child);
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

async function diary(): Promise<string[]> {
  const lines = (await readFile(join(folder, 'diary'), 'utf8').catch(() => '')).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('waiting'));
}

describe('a lock in a file', () => {
  it('is held by one process at a time', async () => {
    const holders = ['a', 'b', 'c', 'd'].map((name) => holder(name, 100));
    expect(await Promise.all(holders.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    const lines = await diary();
    expect(lines).toHaveLength(8);
    for (let at = 0; at < lines.length; at += 2) {
      const [, name] = lines[at].split(' ');
      expect(lines.slice(at, at + 2)).toEqual([`in ${name}`, `out ${name}`]);
    }
    expect((await readdir(folder)).filter((name) => name !== 'diary')).toEqual([]);
  });

  it('passes to a waiting process when its holder is killed', async () => {
    const killed = holder('killed', 60_000);
    await until(async () => (await diary()).length === 1);
    const waiting = ['b', 'c', 'd'].map((name) => holder(name, 50));
    await until(async () => ((await readFile(join(folder, 'diary'), 'utf8')).match(/waiting/g) ?? []).length === 3);
    expect(await diary()).toEqual(['in killed']);
    killed.child.kill('SIGKILL');
    expect(await Promise.all(waiting.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const lines = (await diary()).slice(1);
    for (let at = 0; at < lines.length; at += 2) expect(lines[at].slice(3)).toBe(lines[at + 1].slice(4));
  });

  it('passes to another process when its holder has died and the pid now belongs to a different program', async () => {
    await writeFile(join(folder, 'lock'), `${process.pid} 1`);
    expect(await holder('a', 1).ended).toBe(0);
    expect(await diary()).toEqual(['in a', 'out a']);
  });
});
