import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { spawnLeashed } from '../process/leashed.mjs';
import { until } from '../process/until.mjs';
import { Keeper, PAUSES, pauseAfter } from './keeper.mjs';

const PAUSES_HERE = { firstMs: 10, longestMs: 40, healthyAfterMs: 60_000 };

/** Creates a keeper of a shell that runs `script`. The default script prints a line and then runs for 60 s. */
function keeperOf(script = 'echo ready; exec sleep 60') {
  return new Keeper(async (spawned) => {
    const child = spawnLeashed('/bin/sh', ['-c', script], { stdout: 'pipe' });
    spawned(child);
    const ready = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), once(child, 'exit').then(() => null)]);
    if (ready === null) throw new Error('ended before it was ready');
  }, PAUSES_HERE);
}

describe('pauseAfter', () => {
  it('doubles the pause with each death up to a maximum, and resets the pause after a long run', () => {
    const pauses: number[] = [];
    for (let pause = 0; pauses.length < 8; pauses.push(pause)) pause = pauseAfter(pause, 1_000);
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    expect(pauseAfter(10_000, PAUSES.healthyAfterMs)).toBe(200);
  });
});

describe('the keeper of a program', () => {
  it('restarts the program after a kill', async () => {
    const keeper = keeperOf();
    await keeper.start();
    try {
      const pid = keeper.child?.pid as number;
      const died = once(keeper, 'died');
      const back = once(keeper, 'back');
      process.kill(pid, 'SIGKILL');
      expect((await died)[0]).toMatchObject({ why: 'SIGKILL', pauseMs: 10 });
      await back;
      expect(keeper.child?.pid).not.toBe(pid);
    } finally {
      await keeper.stop(1_000);
    }
  });

  it('does not restart the program after a stop', async () => {
    const keeper = keeperOf();
    await keeper.start();
    const died = jest.fn();
    keeper.on('died', died);
    expect(await keeper.stop(1_000)).toBe(true);
    expect(keeper.child).toBeNull();
    expect(died).not.toHaveBeenCalled();
  });

  it('sends SIGKILL when the program ignores SIGTERM', async () => {
    const keeper = keeperOf("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    await keeper.start();
    expect(await keeper.stop(50)).toBe(false);
    expect(keeper.child).toBeNull();
  });

  it('ends a program that is spawned after the stop', async () => {
    let child: ChildProcess | undefined;
    let spawn = () => {};
    const mayStart = new Promise<void>((resolve) => {
      spawn = resolve;
    });
    const keeper = new Keeper(async (spawned) => {
      await mayStart;
      child = spawnLeashed('/bin/sh', ['-c', 'exec sleep 60']);
      spawned(child);
      await once(child, 'exit');
      throw new Error('ended before it was ready');
    });
    const started = keeper.start();
    await keeper.stop(1_000);
    spawn();
    await expect(started).rejects.toThrow('ended before it was ready');
    expect(child?.signalCode).toBe('SIGKILL');
  });

  it('rejects the first start when the program ends before it is ready', async () => {
    await expect(keeperOf('exit 3').start()).rejects.toThrow('ended before it was ready');
  });

  it('emits no `died` event when the caller restarts the program', async () => {
    const keeper = keeperOf();
    await keeper.start();
    try {
      const died = jest.fn();
      keeper.on('died', died);
      const before = keeper.child?.pid;
      await keeper.restart(1_000);
      expect(keeper.child?.pid).not.toBe(before);
      expect(died).not.toHaveBeenCalled();
    } finally {
      await keeper.stop(1_000);
    }
  });
});

describe('a child process that depends on its parent', () => {
  it('ends when the parent process is killed', async () => {
    const leash = JSON.stringify(require.resolve('../process/leashed.mjs'));
    const script = `import(${leash}).then(({ spawnLeashed }) => console.log(spawnLeashed('sleep', ['60']).pid))`;
    const parent = spawnLeashed(process.execPath, ['-e', script], { stdout: 'pipe' });
    const [line] = await once(parent.stdout as NodeJS.ReadableStream, 'data');
    const pid = Number(line);
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isRunning(pid));
  });
});

/** Returns whether the process is running. A zombie process is not running. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self/stat') || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
