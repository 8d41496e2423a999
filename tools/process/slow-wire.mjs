/**
 * Preloaded with `--import`. Delays the data that this process sends over TCP, for kernels without netem. Each line of the file
 * `SLOW_WIRE_FILE` is a target and its delay: `ADDRESS MS` or `ADDRESS:PORT MS`. The process reads the file again while it runs.
 */
import fs, { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

const POLL_MS = 50;
const file = /** @type {string} */ (process.env.SLOW_WIRE_FILE);
/** @type {Map<string, number>} */
let delays = new Map();
let text = '';

function readDelays() {
  const now = readFileSync(file, 'utf8');
  if (now === text) return;
  text = now;
  const entries = now.split('\n').map((line) => line.split(' '));
  delays = new Map(entries.filter((entry) => entry.length === 2).map(([where, ms]) => [where, Number(ms)]));
}

readDelays();
setInterval(readDelays, POLL_MS).unref();

// While a write is delayed, later writes to the same socket wait. So all writes are sent in their order, and the waiting ones together.
for (const name of /** @type {const} */ (['_write', '_writev'])) {
  const write = /** @type {(...args: any[]) => void} */ (/** @type {any} */ (Socket.prototype)[name]);
  /** @this {Socket} @param {any[]} args */
  const late = function (...args) {
    if (delays.size === 0) return Reflect.apply(write, this, args);
    const ms = delays.get(`${this.remoteAddress}:${this.remotePort}`) ?? delays.get(this.remoteAddress ?? '') ?? 0;
    if (ms === 0) return Reflect.apply(write, this, args);
    setTimeout(() => Reflect.apply(write, this, args), ms);
  };
  Object.defineProperty(Socket.prototype, name, { value: late, configurable: true, writable: true });
}

// Links bypass the stream of a socket: they write directly to its descriptor while the kernel accepts the data. So here a direct
// write fails with EAGAIN, as if the kernel accepted no data. The link then uses the stream, whose writes are delayed.
const { writeSync } = fs;
fs.writeSync = /** @type {typeof fs.writeSync} */ (
  /** @param {any[]} args */
  (...args) => {
    if (delays.size > 0 && args[0] > 2 && args.length === 4) throw Object.assign(new Error('the wire is slow'), { code: 'EAGAIN' });
    return Reflect.apply(writeSync, fs, args);
  }
);
syncBuiltinESMExports();
