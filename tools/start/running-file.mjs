import { RUNNING_FILE } from './fleet-folder.mjs';
import { forgetRunning, writeRunning } from './leftovers.mjs';

/** Pause between two attempts to write the file while the disk is full, in ms. */
const RETRY_MS = 1_000;

/** Writes the file `running.json`. It contains pids for the next start, and addresses for `npm run fleet` and `npm run players`. */
export class RunningFile {
  /** @type {NodeJS.Timeout | null} */
  #retry = null;

  /** @param {() => import('./leftovers.mjs').Running} running the fleet as it is now @param {(text: string) => void} report */
  constructor(running, report) {
    this.running = running;
    this.report = report;
  }

  /** Writes the file. Repeats a failed write until it succeeds. */
  write() {
    try {
      writeRunning(RUNNING_FILE, this.running());
      if (this.#retry) clearTimeout(this.#retry);
      this.#retry = null;
    } catch (error) {
      if (!this.#retry) this.report(`${RUNNING_FILE} cannot be written (${errorCode(error)}); trying again until it succeeds`);
      else clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.write(), RETRY_MS);
      this.#retry.unref();
    }
  }

  stopRetrying() {
    if (this.#retry) clearTimeout(this.#retry);
  }

  remove() {
    forgetRunning(RUNNING_FILE);
  }
}

/** @param {unknown} error */
function errorCode(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code ?? String(error);
}
