import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseEnv } from 'node:util';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { isFree } from '../process/free-port.mjs';
import { whenNpmIsGone } from '../process/npm-parent.mjs';
import { DIST, HOLDFAST_DIR, ROOT, SERVERS_DIST } from '../process/paths.mjs';
import { makePrivate, makePrivateFolder } from '../process/private-files.mjs';
import { SteadyWriter } from '../process/steady-writer.mjs';
import { findRedisServer } from '../redis/find-redis.mjs';
import { pingRedis } from '../redis/ping-redis.mjs';
import { startRedis } from '../redis/start-redis.mjs';
import { addressesOf } from './addresses.mjs';
import { planFleet } from './fleet-plan.mjs';
import { Keeper } from './keeper.mjs';
import { launchServer, mainOf, ServerDidNotStart } from './launch-server.mjs';
import { clearLeftovers, forgetRunning, writeRunning } from './leftovers.mjs';
import { HELP, isPortOfGateway, readOptions } from './options.mjs';
import { readable, Terminal } from './terminal.mjs';
import { watchFolders } from './watch-folders.mjs';

/** In ms. A server that is still running this long after SIGTERM is killed. It must exceed the drain timeout here. */
const STOP_TIMEOUT_MS = 10_000;
/** In ms. Under npm one Ctrl-C arrives twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;
/** In ms between two attempts to write the running file, while the disk is full. */
const NOTE_RETRY_MS = 1_000;
const RUNNING_FILE = join(HOLDFAST_DIR, 'running.json');
const LOGS = join(HOLDFAST_DIR, 'logs');

const errors = new SteadyWriter(() => 2);
/** The output for people. The fleet does not depend on whether or where it is read. */
const output = Object.assign(
  new SteadyWriter(() => 1, {
    lost: ({ lines, reason }) => `  ${lines} lines could not be written (${reason}); they are in ${LOGS}`,
    failed: (reason) => {
      if (reason === 'EPIPE')
        errors.write(
          `Nobody reads this output any more. The fleet continues; its logs are in ${LOGS}. To stop it, press Ctrl-C or run "kill ${process.pid}".\n`,
        );
    },
  }),
  { isTTY: process.stdout.isTTY },
);

/** @param {readonly string[]} argv */
export async function main(argv) {
  const env = { ...dotEnv(), ...process.env };
  const read = readOptions(argv, env);
  if ('problem' in read) {
    errors.write(`${read.problem}\n`);
    process.exitCode = 1;
    return;
  }
  if (read.options.help) {
    output.write(`${HELP}\n`);
    return;
  }
  const fleet = new FleetCommand(read.options, env);
  /** @type {(reason: string) => void} */
  let interrupt = () => {};
  const interrupted = new Promise((resolve) => {
    interrupt = resolve;
  });
  let firstSignalAt = 0;
  guardOutput();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (firstSignalAt === 0) {
        firstSignalAt = Date.now();
        interrupt(signal);
        // A closed terminal may send SIGHUP more than once. Only a second signal of a person kills.
      } else if (signal !== 'SIGHUP' && Date.now() - firstSignalAt > SAME_SIGNAL_MS) fleet.kill();
    });
  }
  whenNpmIsGone(() => interrupt('npm is gone'));
  try {
    await Promise.race([fleet.start(), interrupted]);
    await interrupted;
    await fleet.stop();
    process.exit(0);
  } catch (error) {
    await fleet.stop({ quiet: true });
    errors.write(`\n${error instanceof Plain ? error.message : error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  }
}

/** A full disk, a closed terminal or a lost reader must not end the fleet. Imported code may also use `console`. */
function guardOutput() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('exit', () => {
    output.flush();
    errors.flush();
  });
}

/** A problem that the user can fix. Its message says how, and no stack is printed. */
class Plain extends Error {}

class FleetCommand {
  terminal = new Terminal(output);
  /** @type {{ plan: import('./fleet-plan.mjs').PlannedServer, keeper: Keeper, opsPort: number | null }[]} */
  servers = [];
  /** @type {Keeper | null} */
  redis = null;
  stopping = false;
  holdsFolder = false;
  started = false;
  /** @type {NodeJS.Timeout | null} */
  noting = null;

  /** @param {import('./options.mjs').FleetOptions} options @param {NodeJS.ProcessEnv} env */
  constructor(options, env) {
    this.options = options;
    this.env = env;
    this.logLevel = options.verbose ? 'info' : env.LOG_LEVEL || 'warn';
    this.adminToken = env.ADMIN_TOKEN || randomBytes(18).toString('base64url');
    /** Password of the private Redis, because other users of this machine can reach its port. */
    this.redisPassword = randomBytes(24).toString('base64url');
    /** @type {string | null} */
    this.privateRedisUrl = null;
    this.linkSecret = env.LINK_SECRET || randomBytes(32).toString('base64url');
  }

  async start() {
    const { terminal, options } = this;
    const startedAt = Date.now();
    terminal.line(terminal.paint('1', '\nHoldfast'));
    await this.claimFolder();
    if (SERVERS_DIST === DIST) await this.prepare();
    const redisUrl = await terminal.step('Redis', (say) =>
      options.redisUrl ? this.useRedis(options.redisUrl, say) : this.startPrivateRedis(say),
    );
    this.checkStopping();

    const plans = planFleet(options, { redisUrl, linkSecret: this.linkSecret, adminToken: this.adminToken, env: this.env });
    await this.checkPorts(plans);
    this.servers = plans.map((plan) => this.server(plan));
    await terminal.step(`servers: ${plans.map(({ label }) => label).join(', ')}`, async () => {
      await Promise.all(
        this.servers.map(({ keeper, plan }) =>
          keeper.start().catch((error) => {
            throw this.stopping ? new Plain('stopped') : didNotStart(plan.label, error);
          }),
        ),
      );
    });
    this.started = true;
    this.greet((Date.now() - startedAt) / 1_000);
    if (options.watch) this.watchCode();
  }

  async prepare() {
    await this.terminal.step('dependencies', async (say) => {
      const { installed } = await plainly(install({ log: say }));
      say(installed ? 'dependencies installed' : 'dependencies are installed');
    });
    await this.terminal.step('build', async (say) => {
      const { built } = await plainly(build({ log: say }));
      say(built.length > 0 ? `built ${built.join(', ')}` : 'build is current');
    });
  }

  /** @param {{ quiet?: boolean }} [how] */
  async stop({ quiet = false } = {}) {
    this.stopping = true;
    /** @param {string} type */
    const stopAll = async (type) => {
      const clean = await Promise.all(
        this.servers.filter(({ plan }) => plan.type === type).map(({ keeper }) => keeper.stop(STOP_TIMEOUT_MS)),
      );
      return clean.every(Boolean);
    };
    const work = async () => {
      // Gateways stop first, so that they can still notify players. Redis stops last, so that all saves are complete.
      const clean = [await stopAll('gateway'), await stopAll('game'), await stopAll('lobby')];
      await this.redis?.stop(STOP_TIMEOUT_MS);
      if (clean.includes(false)) this.terminal.line('  a server did not stop within 10 s and was killed');
    };
    if (quiet) await work();
    else {
      this.terminal.line();
      await this.terminal.step('stopping (Ctrl-C again kills) …', async (say) => {
        await work();
        say('stopped');
      });
    }
    if (this.noting) clearTimeout(this.noting);
    if (this.holdsFolder) forgetRunning(RUNNING_FILE);
  }

  kill() {
    for (const { keeper } of this.servers) keeper.kill();
    this.redis?.kill();
    process.exit(130);
  }

  /** One fleet per folder: two would share a Redis and all server names. */
  async claimFolder() {
    const other = await clearLeftovers(RUNNING_FILE);
    if (other) {
      throw new Plain(
        `A fleet of this folder is already running (pid ${other.supervisor}${other.url ? `, ${other.url}` : ''}). Stop it first, or start this one with another HOLDFAST_DIR and --port.`,
      );
    }
    await plainly(Promise.resolve().then(preparePrivateFolders));
    this.holdsFolder = true;
    this.note();
  }

  /** @param {string} url @param {(text: string) => void} say */
  async useRedis(url, say) {
    const shown = url.replace(/\/\/[^@/]*@/g, '//***@');
    say(`Redis at ${shown}`);
    const problem = await pingRedis(url);
    if (problem)
      throw new Plain(
        `Redis at ${shown} ${problem}. Set --redis-url or REDIS_URL to one that answers, or omit both to start a private one.`,
      );
    say(`Redis at ${shown}`);
    return url;
  }

  /** @param {(text: string) => void} say */
  async startPrivateRedis(say) {
    const server = await plainly(findRedisServer({ log: say }));
    say('Redis');
    const dir = join(HOLDFAST_DIR, 'redis');
    let url = '';
    /** @type {number | undefined} the port of the first start, so that servers find Redis again after a restart */
    let port;
    const isAllowed = (/** @type {number} */ free) => !isPortOfGateway(free, this.options);
    this.redis = new Keeper(async (spawned) => {
      const redis = await startRedis({ dir, appendonly: true, password: this.redisPassword, server, port, isAllowed, timeoutMs: 60_000 });
      spawned(redis.process);
      ({ url, port } = redis);
      this.privateRedisUrl = url;
      this.note();
    });
    this.tell('redis', this.redis);
    await plainly(this.redis.start());
    say(`Redis, private, on port ${port}; games are stored in ${relative(ROOT, dir) || dir}`);
    return url;
  }

  /** @param {import('./fleet-plan.mjs').PlannedServer[]} plans */
  async checkPorts(plans) {
    for (const { ports, label } of plans) {
      for (const { port, use } of ports) {
        const host = use === 'OPS_PORT' ? this.env.OPS_HOST || '127.0.0.1' : this.options.host;
        if (!(await isFree(port, host)))
          throw new Plain(
            `Port ${port} is in use, and ${label} needs it as ${use}. Choose other ports: npm start -- --port ${this.options.port + 200}`,
          );
      }
    }
  }

  /** @param {import('./fleet-plan.mjs').PlannedServer} plan */
  server(plan) {
    const { type, name, label } = plan;
    /** @type {{ plan: typeof plan, keeper: Keeper, opsPort: number | null }} */
    const server = { plan, opsPort: null, keeper: new Keeper(() => Promise.resolve()) };
    const logFile = join(LOGS, `${type}-${name}.log`);
    server.keeper = new Keeper(async (spawned) => {
      const { opsPort } = await launchServer({
        main: mainOf(type),
        env: { ...this.env, ...plan.env },
        readyFile: join(HOLDFAST_DIR, 'run', `${type}-${name}.json`),
        logFile,
        onLine: (line) => this.show(label, line),
        spawned: (child) => {
          spawned(child);
          this.note();
        },
      });
      server.opsPort = opsPort;
    });
    this.tell(label, server.keeper);
    return server;
  }

  /** Prints every death and every return. @param {string} label @param {Keeper} keeper */
  tell(label, keeper) {
    const { terminal } = this;
    keeper.on('died', ({ why, ranMs, pauseMs }) =>
      this.say(label, `${terminal.paint('31', 'died')} (${why}) after ${seconds(ranMs)}; restarting it in ${seconds(pauseMs)}`),
    );
    keeper.on('back', () => this.say(label, `${terminal.paint('32', 'is back')}`));
    keeper.on('failed', (error, pauseMs) =>
      this.say(label, `${terminal.paint('31', 'did not start')}: ${error.message}; next attempt in ${seconds(pauseMs)}`),
    );
  }

  /** @param {string} label @param {string} line */
  show(label, line) {
    // A server that does not start is reported once, with its last lines.
    if (this.stopping || (!this.started && !line.startsWith('{'))) return;
    const text = readable(line, this.logLevel);
    if (text !== null) this.say(label, text);
  }

  /** @param {string} label @param {string} text */
  say(label, text) {
    const time = new Date().toTimeString().slice(0, 8);
    this.terminal.line(`  ${this.terminal.paint('2', time)} ${this.terminal.name(label.padEnd(10))} ${text}`);
  }

  /** @param {number} tookSeconds */
  greet(tookSeconds) {
    const { terminal, options } = this;
    const { page, tcp, ops } = addressesOf(options, this.env);
    const gateways = this.servers.filter(({ plan }) => plan.type === 'gateway');
    const [first] = gateways;
    /** @param {string} what @param {string} where */
    const row = (what, where) => terminal.line(`  ${what.padEnd(12)} ${where}`);
    terminal.line();
    terminal.line(terminal.paint('1', `  Ready after ${tookSeconds.toFixed(1)} s`));
    terminal.line();
    row('Play', terminal.paint('4', page(first.plan.env.PUBLIC_PORT)));
    for (const { plan } of gateways.slice(1)) row('', terminal.paint('4', page(plan.env.PUBLIC_PORT)));
    row('TCP', gateways.map(({ plan }) => tcp(plan.env.TCP_PORT)).join(' '));
    row('Dashboard', terminal.paint('4', ops(first.plan.env.OPS_PORT)));
    row('Admin token', this.adminToken);
    row('Metrics', this.servers.map(({ plan, opsPort }) => `${plan.label} ${ops(opsPort)}/metrics`).join(`\n  ${' '.repeat(13)}`));
    row('Logs', relative(process.cwd(), LOGS) || LOGS);
    terminal.line();
    terminal.line(
      `  ${terminal.paint('2', `Try it: run npm run players -- --players 50, and kill -9 a game server meanwhile (pids in ${relative(process.cwd(), RUNNING_FILE)}).`)}`,
    );
    terminal.line(`  ${terminal.paint('2', 'Ctrl-C stops everything.')}`);
    terminal.line();
  }

  /** Writes the pids for the next start, and the addresses for `npm run fleet` and `npm run players`. */
  note() {
    const entries = [...this.servers.map(({ plan, keeper }) => [plan.label, keeper.child?.pid]), ['redis', this.redis?.child?.pid]];
    const { url, opsUrl, certificate, opsCertificate } = addressesOf(this.options, this.env);
    const running = {
      supervisor: process.pid,
      url,
      opsUrl,
      ...(certificate && { certificate }),
      ...(opsCertificate && { opsCertificate }),
      adminToken: this.adminToken,
      ...(this.privateRedisUrl && { redisUrl: this.privateRedisUrl }),
      pids: Object.fromEntries(entries.filter(([, pid]) => pid !== undefined)),
    };
    try {
      writeRunning(RUNNING_FILE, running);
      if (this.noting) clearTimeout(this.noting);
      this.noting = null;
    } catch (error) {
      if (!this.noting) this.terminal.line(`  ${RUNNING_FILE} cannot be written (${errorCode(error)}); trying again until it succeeds`);
      else clearTimeout(this.noting);
      this.noting = setTimeout(() => this.note(), NOTE_RETRY_MS);
      this.noting.unref();
    }
  }

  /** Builds after changes of the code, and restarts one server after another. */
  watchCode() {
    let working = false;
    let again = false;
    const change = async () => {
      if (working) {
        again = true;
        return;
      }
      working = true;
      try {
        const { built } = await build();
        if (built.includes('servers')) for (const { keeper } of this.servers) await keeper.restart(STOP_TIMEOUT_MS);
        if (built.length > 0) this.say('dev', `${built.join(', ')} built${built.includes('servers') ? ', servers restarted' : ''}`);
      } catch (error) {
        this.say('dev', `${this.terminal.paint('31', 'not built')}: ${error instanceof Error ? error.message : error}`);
      }
      working = false;
      if (again) {
        again = false;
        await change();
      }
    };
    watchFolders(
      ['apps', 'libs', 'games', 'dashboard'].map((folder) => join(ROOT, folder)).filter((folder) => existsSync(folder)),
      () => void change(),
    );
  }

  checkStopping() {
    if (this.stopping) throw new Plain('stopped');
  }
}

/**
 * These folders contain games, tokens and passwords, so only this user may read them, even when an older version created them
 * with wider permissions.
 */
function preparePrivateFolders() {
  // A folder that the user named may contain other files, so only our subfolders are restricted.
  if (!existsSync(HOLDFAST_DIR) || HOLDFAST_DIR === join(ROOT, '.holdfast')) {
    mkdirSync(HOLDFAST_DIR, { recursive: true, mode: 0o700 });
    chmodSync(HOLDFAST_DIR, 0o700);
  }
  for (const folder of [LOGS, join(HOLDFAST_DIR, 'run'), join(HOLDFAST_DIR, 'redis')]) makePrivateFolder(folder);
  makePrivate(RUNNING_FILE);
}

/** @param {unknown} error */
function errorCode(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code ?? String(error);
}

/** @template T @param {Promise<T>} work @returns {Promise<T>} fails with a sentence instead of a stack */
async function plainly(work) {
  try {
    return await work;
  } catch (error) {
    throw new Plain(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} label @param {unknown} error */
function didNotStart(label, error) {
  if (!(error instanceof ServerDidNotStart)) return error;
  const said = error.lastLines.map((line) => `  ${readable(line, 'debug')}`).join('\n');
  return new Plain(`${label} ${error.message}${said ? `; its last output:\n${said}` : ''}`);
}

/** @param {number} ms */
function seconds(ms) {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}

/** @returns {NodeJS.ProcessEnv} */
function dotEnv() {
  const file = join(ROOT, '.env');
  return existsSync(file) ? /** @type {NodeJS.ProcessEnv} */ (parseEnv(readFileSync(file, 'utf8'))) : {};
}
