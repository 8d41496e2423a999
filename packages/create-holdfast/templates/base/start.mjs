// `npm start`: a Redis, a gateway, a lobby and two game servers on this machine. Ctrl-C stops all of them.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';

const { env } = process;
const NODE_FLAGS = ['--enable-source-maps', '--v8-pool-size=0', '--no-allocation-site-pretenuring'];

/** @type {Set<{ name: string, child: import('node:child_process').ChildProcess }>} */
const running = new Set();
let isStopping = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));

const REDIS_URL = env.REDIS_URL ?? (await startRedis());
const secrets = { LINK_SECRET: randomBytes(24).toString('hex'), ADMIN_TOKEN: randomBytes(24).toString('hex') };
// Variables that are already set win. `AUTH=guest` lets anybody play by name: choose another one before you publish the game.
const shared = { AUTH: 'guest', ...secrets, LOG_LEVEL: 'warn', ...env, REDIS_URL, LINK_PORT: '0' };
await Promise.all([
  startServer('gateway', 'dist/gateway.js', env.OPS_PORT ?? '7010'),
  startServer('lobby', 'dist/lobby.js'),
  startServer('game server 1', 'dist/game.js'),
  startServer('game server 2', 'dist/game.js'),
]);
console.log(`Open http://127.0.0.1:${env.PUBLIC_PORT ?? 7000} in two tabs. Ctrl-C stops the servers.`);

/** Starts a server, and waits until it is ready. From then on, a server that ends is started again. */
async function startServer(name, file, fixedPort) {
  const opsPort = fixedPort ?? String(await freePort());
  let isReady = false;
  start(name, process.execPath, [...NODE_FLAGS, file], { ...shared, OPS_PORT: opsPort }, (reason) => {
    if (!isReady) return failed(reason);
    console.error(`${reason} It is started again.`);
    void startServer(name, file, fixedPort);
  });
  await untilReady(`http://127.0.0.1:${opsPort}/readyz`);
  isReady = true;
}

/**
 * Starts a program in its own process group, so that Ctrl-C reaches only this process, which then stops servers before Redis. Calls `onEnd`
 * with the reason when the program ends by itself.
 */
function start(name, command, args, variables, onEnd) {
  const child = spawn(command, args, {
    env: variables,
    stdio: ['ignore', name === 'redis' ? 'ignore' : 'inherit', 'inherit'],
    detached: true,
  });
  const program = { name, child };
  running.add(program);
  child.once('error', (error) => failed(`${name} did not start: ${error.message}`));
  child.once('exit', (code, signal) => {
    running.delete(program);
    if (!isStopping) onEnd(`${name} ended (${signal ?? `code ${code}`}).`);
  });
}

async function startRedis() {
  const port = await freePort();
  mkdirSync('.holdfast', { recursive: true });
  // Redis must keep everything: `noeviction`. It writes to a file, so that games outlive its restart.
  const settings = { port, bind: '127.0.0.1', dir: '.holdfast', save: '', appendonly: 'yes', 'maxmemory-policy': 'noeviction' };
  start(
    'redis',
    env.REDIS_SERVER ?? 'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
  );
  return `redis://127.0.0.1:${port}`;
}

function failed(reason) {
  if (isStopping) return;
  console.error(reason);
  if (reason.startsWith('redis did not start')) {
    console.error('Install redis-server, or set REDIS_URL to a running Redis, such as redis://127.0.0.1:6379.');
  }
  void stop(1);
}

/** Stops the servers, and then Redis. Game servers hand over their rooms first, so Redis must outlive them. */
async function stop(code) {
  if (isStopping) return;
  isStopping = true;
  const isRedis = ({ name }) => name === 'redis';
  await Promise.all([...running].filter((each) => !isRedis(each)).map(end));
  await Promise.all([...running].filter(isRedis).map(end));
  process.exit(code);
}

function end({ child }) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilReady(url) {
  while (!isStopping) {
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
