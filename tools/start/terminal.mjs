import { stripVTControlCharacters } from 'node:util';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];
/** Events that the terminal shows although they are not warnings. The user waits for them after the death of a server. */
const WORTH_SEEING = ['recovery.done', 'server.drained', 'store.available'];

/**
 * @typedef {{ text: string, frame: number, timer: NodeJS.Timeout }} Step
 *
 * Output for people: steps with a spinner while they run, then lines. Without a terminal, only plain lines.
 */
export class Terminal {
  /** @type {Step | null} */
  #step = null;
  #colours = new Map();

  /** @param {{ isTTY?: boolean, write(text: string): unknown }} [out] @param {NodeJS.ProcessEnv} [env] */
  constructor(out = process.stdout, env = process.env) {
    this.out = out;
    this.live = out.isTTY === true && env.TERM !== 'dumb' && !env.CI;
    this.coloured = out.isTTY === true && !env.NO_COLOR;
  }

  /**
   * Shows a step while `work` runs. `work` may change the text of the step. When it has ended, shows the last text with a sign for success
   * or failure.
   *
   * @template T
   * @param {string} text @param {(rename: (text: string) => void) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async step(text, work) {
    const step = this.#begin(text);
    try {
      const result = await work((next) => this.#rename(step, next));
      this.#finish(step, this.paint('32', '✓'));
      return result;
    } catch (error) {
      this.#finish(step, this.paint('31', '✗'));
      throw error;
    }
  }

  /** @param {string} text */
  line(text = '') {
    this.#clear();
    this.out.write(`${this.coloured ? text : stripVTControlCharacters(text)}\n`);
    this.#draw();
  }

  /** @param {string} code @param {string} text */
  paint(code, text) {
    return this.coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
  }

  /** Returns the name in its color, which stays the same. The first eight names have different colors. @param {string} name */
  name(name) {
    if (!this.#colours.has(name)) this.#colours.set(name, ['36', '35', '34', '33', '32', '96', '95', '94'][this.#colours.size % 8]);
    return this.paint(this.#colours.get(name), name);
  }

  /**
   * Shows a step. If another step still runs, because of Ctrl-C, replaces that step and does not show its result. @param {string} text
   * @returns {Step}
   */
  #begin(text) {
    if (this.#step) clearInterval(this.#step.timer);
    const timer = setInterval(() => {
      step.frame++;
      this.#draw();
    }, 80);
    timer.unref();
    /** @type {Step} */
    const step = { text, frame: 0, timer };
    this.#step = step;
    this.#draw();
    return step;
  }

  /** @param {Step} step @param {string} text */
  #rename(step, text) {
    step.text = text;
    if (this.#step !== step) return;
    this.#draw();
    // Without a terminal, a text that ends with '…' is printed immediately, because a long wait follows. Other texts are printed when
    // their step ends.
    if (!this.live && text.endsWith('…')) this.out.write(`  ${text}\n`);
  }

  /** @param {Step} step @param {string} sign */
  #finish(step, sign) {
    if (this.#step !== step) return;
    clearInterval(step.timer);
    this.#clear();
    this.#step = null;
    this.line(`  ${sign} ${step.text}`);
  }

  #draw() {
    if (!this.#step || !this.live) return;
    this.out.write(`\r\x1b[2K  ${FRAMES[this.#step.frame % FRAMES.length]} ${this.#step.text}`);
  }

  #clear() {
    if (this.#step && this.live) this.out.write('\r\x1b[2K');
  }
}

/** @typedef {{ message?: string, code?: string, stack?: string, cause?: LoggedError }} LoggedError */

/**
 * Formats a server's line of JSON for people. Returns null when the line is below `level`. Returns text that is not JSON, such as the stack
 * of a crash, unchanged. Pure.
 *
 * @param {string} line @param {string} level
 * @returns {string | null}
 */
export function readable(line, level) {
  /** @type {Record<string, unknown>} */
  let fact;
  try {
    fact = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof fact !== 'object' || fact === null || typeof fact.event !== 'string') return line;
  const { level: own, time: _time, server: _server, event, error, ...fields } = fact;
  const counts = level === 'warn' && WORTH_SEEING.includes(event) ? 'warn' : String(own);
  if (LEVELS.indexOf(counts) < LEVELS.indexOf(level)) return null;
  const words = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`,
  );
  const { message, stack, cause } = /** @type {LoggedError} */ (error ?? {});
  // Adds the cause, because the message of some errors explains nothing without it, such as "fetch failed".
  const text = [message, cause?.code ?? cause?.message].filter(Boolean).join(': ');
  const reason = own === 'error' ? (stack ?? text) : text;
  return [`${own === 'info' || own === 'debug' ? '' : `${own}: `}${event}`, ...words, ...(reason ? [reason] : [])].join(' ');
}
