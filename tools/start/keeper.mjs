import { EventEmitter } from 'node:events';
import { ended } from '../process/leashed.mjs';

/** A program that dies at once is tried again soon, one that keeps dying less and less often. */
export const PAUSES = { firstMs: 200, longestMs: 10_000, healthyAfterMs: 60_000 };

/** Pure: how long to wait before the next start. @param {number} lastPauseMs @param {number} ranMs @param {typeof PAUSES} pauses */
export function pauseAfter(lastPauseMs, ranMs, pauses = PAUSES) {
  if (lastPauseMs === 0 || ranMs >= pauses.healthyAfterMs) return pauses.firstMs;
  return Math.min(pauses.longestMs, lastPauseMs * 2);
}

/**
 * Keeps one program running until told to stop.
 *
 * Emits `died` ({ why, ranMs, pauseMs }), `back` (after a death, when it is ready again) and `failed` (Error; a restart
 * that did not become ready, and will be tried again).
 */
export class Keeper extends EventEmitter {
  /** @type {'idle' | 'running' | 'stopping'} */
  status = 'idle';
  /** @type {import('node:child_process').ChildProcess | null} */
  child = null;
  #lastPauseMs = 0;
  /** @type {NodeJS.Timeout | null} */
  #pausing = null;
  #planned = false;

  /**
   * @param {(spawned: (child: import('node:child_process').ChildProcess) => void) => Promise<void>} launch spawns the
   *   program, says so at once, and settles when it is ready, or rejects when it is not and will not be
   * @param {typeof PAUSES} [pauses]
   */
  constructor(launch, pauses = PAUSES) {
    super();
    this.launch = launch;
    this.pauses = pauses;
  }

  /** Settles when the program is ready; rejects when the first attempt fails, with nothing left running. */
  async start() {
    this.status = 'running';
    try {
      await this.#launchOnce();
    } catch (error) {
      await this.stop(2_000);
      throw error;
    }
  }

  /** Ends it for good: asks, waits, insists. True when asking was enough. @param {number} deadlineMs */
  async stop(deadlineMs) {
    this.status = 'stopping';
    if (this.#pausing) clearTimeout(this.#pausing);
    return this.#end(deadlineMs);
  }

  /** Ends it and starts it again, by plan: no pause, nobody is told of a death. @param {number} deadlineMs */
  async restart(deadlineMs) {
    this.#planned = true;
    await this.#end(deadlineMs);
    this.#planned = false;
    if (this.status === 'running') await this.#launchOnce();
  }

  kill() {
    this.status = 'stopping';
    if (this.#pausing) clearTimeout(this.#pausing);
    this.child?.kill('SIGKILL');
  }

  /** @param {number} deadlineMs */
  async #end(deadlineMs) {
    const { child } = this;
    if (!child) return true;
    child.kill('SIGTERM');
    if (await ended(child, deadlineMs)) return true;
    child.kill('SIGKILL');
    await ended(child, 5_000);
    return false;
  }

  async #launchOnce() {
    let ready = false;
    await this.launch((child) => {
      const startedAt = Date.now();
      this.child = child;
      child.once('exit', (code, signal) => {
        this.child = null;
        // Before it is ready, its end is the launch's failure, told there.
        if (ready && !this.#planned) this.#died(code, signal, Date.now() - startedAt);
      });
    });
    ready = true;
    // It may have gone between being ready and our hearing of it.
    if (this.child === null && !this.#planned) this.#died(null, null, 0);
  }

  /** @param {number | null} code @param {string | null} signal @param {number} ranMs */
  #died(code, signal, ranMs) {
    if (this.status !== 'running') return;
    const pauseMs = this.#pause(ranMs);
    this.emit('died', { why: signal ?? `exit code ${code}`, ranMs, pauseMs });
    this.#again(pauseMs);
  }

  /** @param {number} ranMs */
  #pause(ranMs) {
    this.#lastPauseMs = pauseAfter(this.#lastPauseMs, ranMs, this.pauses);
    return this.#lastPauseMs;
  }

  /** @param {number} pauseMs */
  #again(pauseMs) {
    this.#pausing = setTimeout(async () => {
      try {
        await this.#launchOnce();
        this.emit('back');
      } catch (error) {
        await this.#end(2_000);
        if (this.status !== 'running') return;
        const next = this.#pause(0);
        this.emit('failed', error, next);
        this.#again(next);
      }
    }, pauseMs);
  }
}
