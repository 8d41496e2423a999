import { spawnSync } from 'node:child_process';

/** Hostile code that a handler of the game runs. */
export const POISONS = {
  /** Never returns, but the watchdog can interrupt it. */
  loop: (): void => {
    for (;;);
  },
  /** Catastrophic backtracking: native code that the watchdog can interrupt. */
  regex: (): void => {
    /^(a+)+$/.test(`${'a'.repeat(64)}b`);
  },
  /** Allocates without limit. */
  allocate: (): void => {
    const kept: unknown[] = [];
    for (;;) kept.push({ kept: kept.length }, [kept.length]);
  },
  /** Native code that the watchdog cannot interrupt. */
  native: (): void => {
    spawnSync('sleep', ['60']);
  },
  /** Makes one call that makes V8 end the process within about 0.1 s. */
  split: (): void => {
    'xy'.repeat(2 ** 27).split('');
  },
  exit: (): void => {
    process.exit(3);
  },
  abort: (): void => {
    process.abort();
  },
  suicide: (): void => {
    process.kill(process.pid, 'SIGKILL');
  },
  'late-throw': (): void => {
    setTimeout(() => {
      throw new Error('thrown by a timer of the game');
    }, 5);
  },
  'late-throws': (): void => {
    for (let time = 0; time < 300; time++) POISONS['late-throw']();
  },
  'microtask-throw': (): void => {
    queueMicrotask(() => {
      throw new Error('thrown by a microtask of the game');
    });
  },
  rejection: (): void => {
    void Promise.reject(new Error('rejected by the game'));
  },
  'late-exit': (): void => {
    setTimeout(() => process.exit(4), 5);
  },
  /** Throws an error that looks like the watchdog's interrupt. */
  'fake-interrupt': (): void => {
    throw Object.assign(new Error('not interrupted'), { code: 'ERR_SCRIPT_EXECUTION_INTERRUPTED' });
  },
  /** Throws an error whose stack is computed by an endless loop. */
  'endless-error': (): void => {
    throw Object.defineProperty(new Error('endless'), 'stack', { get: POISONS.loop });
  },
  /** Adds a listener that would receive the watchdog's interrupts. */
  listen: (): void => {
    process.on('SIGINT', () => {});
  },
  /** Blocks the event loop outside of any handler. The watchdog interrupts only handlers. */
  'late-loop': (): void => {
    setTimeout(() => {
      for (;;);
    }, 5);
  },
} as const;

export type Poison = keyof typeof POISONS;
export const POISON_NAMES = Object.keys(POISONS) as [Poison, ...Poison[]];

/** If the name of a player begins with this prefix, the setup runs the hostile code that follows it, as in `setup:loop`. */
export const SETUP_POISON = 'setup:';
