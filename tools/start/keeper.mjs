import { EventEmitter } from 'node:events';
import { ended } from '../process/leashed.mjs';

/** The limits of the pause before a restart, in ms. The pause grows when a program dies repeatedly. */
export const PAUSES = { firstMs: 200, longestMs: 10_000, healthyAfterMs: 60_000 };

/**
 * Returns the pause before the next start, in ms. The pause doubles with each death, up to a maximum. If the program ran for at least
 * `healthyAfterMs`, returns the shortest pause. Pure.
 *
 * @param {number} lastPauseMs 0: the program has not died yet
 * @param {number} ranMs the time for which the program ran
 * @param {typeof PAUSES} pauses
 */
export function pauseAfter(lastPauseMs, ranMs, pauses = PAUSES) {
  if (lastPauseMs === 0 || ranMs >= pauses.healthyAfterMs) return pauses.firstMs;
  return Math.min(pauses.longestMs, lastPauseMs * 2);
}

/**
 * Keeps one program running until it is stopped.
 *
 * Emits `died` ({ why, ranMs, pauseMs }), `back` (ready again after a death) and `failed` (the error of a restart that did not become ready
 * and will be repeated).
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
   * @param {(spawned: (child: import('node:child_process').ChildProcess) => void) => Promise<void>} launch starts the
   *   program, passes the child immediately, resolves when it is ready, and rejects when it cannot become ready
   * @param {typeof PAUSES} [pauses]
   */
  constructor(launch, pauses = PAUSES) {
    super();
    this.launch = launch;
    this.pauses = pauses;
  }

  /** Starts the program, and resolves when it is ready. If it does not become ready, ends it, and rejects without a second attempt. */
  async start() {
    this.status = 'running';
    try {
      await this.#launchOnce();
    } catch (error) {
      await this.stop(2_000);
      throw error;
    }
  }

  /** Starts the program, and tries again when it does not become ready. Emits `failed` for each failure. */
  async startOrRetry() {
    if (this.status === 'stopping') return;
    this.status = 'running';
    await this.#launchOrRetry(() => {});
  }

  /**
   * Stops the program, and does not restart it. Sends SIGTERM, and SIGKILL if the program still runs after `deadlineMs`. Returns whether it
   * ended without SIGKILL.
   *
   * @param {number} deadlineMs
   */
  async stop(deadlineMs) {
    this.status = 'stopping';
    if (this.#pausing) clearTimeout(this.#pausing);
    return this.#end(deadlineMs);
  }

  /** Restarts the program without a pause and without a `died` event. @param {number} deadlineMs */
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
      // `stop` came before the child existed, so it could not end the child.
      if (this.status === 'stopping') child.kill('SIGKILL');
      child.once('exit', (code, signal) => {
        this.child = null;
        // If the program ends before it is ready, the launch fails and reports the end. So `died` is not emitted.
        if (ready && !this.#planned) this.#died(code, signal, Date.now() - startedAt);
      });
    });
    ready = true;
    // Also reports the death of a program that ended right after it was ready.
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
    this.#pausing = setTimeout(() => this.#launchOrRetry(() => this.emit('back')), pauseMs);
  }

  /** @param {() => void} ready */
  async #launchOrRetry(ready) {
    try {
      await this.#launchOnce();
      ready();
    } catch (error) {
      await this.#end(2_000);
      if (this.status !== 'running') return;
      const next = this.#pause(0);
      this.emit('failed', error, next);
      this.#again(next);
    }
  }
}
