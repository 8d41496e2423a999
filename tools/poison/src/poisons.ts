import { spawnSync } from 'node:child_process';

/** What hostile game code does. Each is run where a handler of the game stands. */
export const POISONS = {
  /** Never returns, and can be interrupted. */
  loop: (): void => {
    for (;;);
  },
  /** Catastrophic backtracking: native code that can be interrupted. */
  regex: (): void => {
    /^(a+)+$/.test(`${'a'.repeat(64)}b`);
  },
  /** Allocates without end. */
  allocate: (): void => {
    const kept: unknown[] = [];
    for (;;) kept.push({ kept: kept.length }, [kept.length]);
  },
  /** Native code that cannot be interrupted. */
  native: (): void => {
    spawnSync('sleep', ['60']);
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
  /** An error that looks like the watchdog's interrupt. */
  'fake-interrupt': (): void => {
    throw Object.assign(new Error('not interrupted'), { code: 'ERR_SCRIPT_EXECUTION_INTERRUPTED' });
  },
  /** An error that never returns when it is described. */
  'endless-error': (): void => {
    throw Object.defineProperty(new Error('endless'), 'stack', { get: POISONS.loop });
  },
  /** A listener that would take the watchdog's interrupts. */
  listen: (): void => {
    process.on('SIGINT', () => {});
  },
  /** Blocks the event loop where no handler runs: cannot be interrupted. */
  'late-loop': (): void => {
    setTimeout(() => {
      for (;;);
    }, 5);
  },
} as const;

export type Poison = keyof typeof POISONS;
export const POISON_NAMES = Object.keys(POISONS) as [Poison, ...Poison[]];

/** A player of this name poisons the set-up: `setup:loop`. */
export const SETUP_POISON = 'setup:';
