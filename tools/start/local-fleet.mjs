import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { DIST, ROOT, SERVERS_DIST } from '../process/paths.mjs';
import { PlainError, plainly } from '../process/plain-error.mjs';
import { assertDataFolder } from '../process/writable.mjs';
import { findRedisServer, hasRedis } from '../redis/find-redis.mjs';
import { pingRedis } from '../redis/ping-redis.mjs';
import { startRedis } from '../redis/start-redis.mjs';
import { addressesOf } from './addresses.mjs';
import { checkPorts } from './check-ports.mjs';
import { LOGS, preparePrivateFolders, READY_FILES, REDIS_FOLDER, RUNNING_FILE } from './fleet-folder.mjs';
import { planFleet, stopTimeoutMs } from './fleet-plan.mjs';
import { FleetReport } from './fleet-report.mjs';
import { Keeper } from './keeper.mjs';
import { launchServer, mainOf, ServerDidNotStart } from './launch-server.mjs';
import { clearLeftovers } from './leftovers.mjs';
import { isPortOfGateway } from './options.mjs';
import { RunningFile } from './running-file.mjs';
import { readable } from './terminal.mjs';
import { watchFolders } from './watch-folders.mjs';

/** Time after SIGTERM at which Redis is killed, in ms. */
const REDIS_STOP_MS = 10_000;

/**
 * @typedef {import('./terminal.mjs').Terminal} Terminal
 * @typedef {{ plan: import('./fleet-plan.mjs').PlannedServer, keeper: Keeper, opsPort: number | null }} LocalServer
 */

/** A fleet on this machine: its servers and, without `--redis-url`, a private Redis. A keeper restarts each of them when it dies. */
export class LocalFleet {
  /** @type {LocalServer[]} */
  servers = [];
  /** @type {Keeper | null} */
  redis = null;
  stopping = false;
  holdsFolder = false;

  /** @param {import('./options.mjs').FleetOptions} options @param {NodeJS.ProcessEnv} env @param {Terminal} terminal */
  constructor(options, env, terminal) {
    this.options = options;
    this.env = env;
    this.terminal = terminal;
    this.report = new FleetReport(terminal, options.verbose ? 'info' : env.LOG_LEVEL || 'warn');
    this.runningFile = new RunningFile(
      () => this.running(),
      (text) => terminal.line(`  ${text}`),
    );
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
    await checkPorts(options, this.env);
    if (SERVERS_DIST === DIST) await this.prepare();
    const redisUrl = await terminal.step('Redis', (say) =>
      options.redisUrl ? this.useRedis(options.redisUrl, say) : this.startPrivateRedis(say),
    );
    this.checkStopping();

    const plans = planFleet(options, { redisUrl, linkSecret: this.linkSecret, adminToken: this.adminToken, env: this.env });
    this.servers = plans.map((plan) => this.server(plan));
    await terminal.step(`servers: ${plans.map(({ label }) => label).join(', ')}`, async () => {
      await Promise.all(
        this.servers.map(({ keeper, plan }) =>
          keeper.start().catch((error) => {
            throw this.stopping ? new PlainError('stopped') : didNotStart(plan.label, error);
          }),
        ),
      );
    });
    this.report.hasStarted = true;
    this.report.greet(this, (Date.now() - startedAt) / 1_000);
    if (options.watch) this.watchCode();
  }

  async prepare() {
    await this.terminal.step('dependencies', async (say) => {
      const { installed } = await install({ log: say, also: this.redisToFetch() });
      say(installed ? 'dependencies installed' : 'dependencies are installed');
    });
    await this.terminal.step('build', async (say) => {
      const { built } = await plainly(build({ log: say }));
      say(built.length > 0 ? `built ${built.join(', ')}` : 'build is current');
    });
  }

  /**
   * Returns a sentence about the missing Redis, or '' when there is one. The installation adds it to its error about a missing network, so
   * that the user reads about both problems together.
   */
  redisToFetch() {
    if (this.options.redisUrl || hasRedis(this.env)) return '';
    return 'A Redis is missing, too: install redis-server or valkey-server, or pass the URL of a running one (--redis-url).';
  }

  /** @param {{ quiet?: boolean }} [how] */
  async stop({ quiet = false } = {}) {
    this.stopping = true;
    this.report.isMuted = true;
    /** @param {string} type */
    const stopAll = (type) =>
      Promise.all(
        this.servers
          .filter(({ plan }) => plan.type === type)
          .map(async ({ plan, keeper }) => {
            const timeoutMs = stopTimeoutMs(plan);
            if (await keeper.stop(timeoutMs)) return;
            this.terminal.line(`  ${plan.label} did not stop within ${timeoutMs / 1_000} s and was killed`);
          }),
      );
    const work = async () => {
      // Gateways stop first, so that they can still notify players. Redis stops last, so that all saves are complete.
      for (const type of ['gateway', 'game', 'lobby']) await stopAll(type);
      await this.redis?.stop(REDIS_STOP_MS);
    };
    if (quiet) await work();
    else {
      this.terminal.line();
      await this.terminal.step('stopping (Ctrl-C again kills) …', async (say) => {
        await work();
        say('stopped');
      });
    }
    this.runningFile.stopRetrying();
    if (this.holdsFolder) this.runningFile.remove();
  }

  kill() {
    for (const { keeper } of this.servers) keeper.kill();
    this.redis?.kill();
    process.exit(130);
  }

  /** Refuses a second fleet in this folder, because two fleets would share a Redis and all server names. */
  async claimFolder() {
    const other = await clearLeftovers(RUNNING_FILE);
    if (other) {
      throw new PlainError(
        `A fleet of this folder is already running (pid ${other.supervisor}${other.url ? `, ${other.url}` : ''}). Stop it first, or start this one with another HOLDFAST_DIR and --port.`,
      );
    }
    assertDataFolder();
    await plainly(Promise.resolve().then(preparePrivateFolders));
    this.holdsFolder = true;
    this.runningFile.write();
  }

  /** @param {string} url @param {(text: string) => void} say */
  async useRedis(url, say) {
    const shown = url.replace(/\/\/[^@/]*@/g, '//***@');
    say(`Redis at ${shown}`);
    const problem = await pingRedis(url);
    if (problem)
      throw new PlainError(
        `Redis at ${shown} ${problem}. Set --redis-url or REDIS_URL to one that answers, or omit both to start a private one.`,
      );
    say(`Redis at ${shown}`);
    return url;
  }

  /** @param {(text: string) => void} say */
  async startPrivateRedis(say) {
    const server = await plainly(findRedisServer({ log: say }));
    say('Redis');
    const dir = REDIS_FOLDER;
    let url = '';
    /** @type {number | undefined} the port of the first start, so that servers find Redis again after a restart */
    let port;
    const isAllowed = (/** @type {number} */ free) => !isPortOfGateway(free, this.options);
    this.redis = new Keeper(async (spawned) => {
      const redis = await startRedis({ dir, appendonly: true, password: this.redisPassword, server, port, isAllowed, timeoutMs: 60_000 });
      spawned(redis.process);
      ({ url, port } = redis);
      this.privateRedisUrl = url;
      this.runningFile.write();
    });
    this.report.follow('redis', this.redis);
    await plainly(this.redis.start());
    say(`Redis, private, on port ${port}; games are stored in ${relative(ROOT, dir) || dir}`);
    return url;
  }

  /** @param {import('./fleet-plan.mjs').PlannedServer} plan */
  server(plan) {
    const { type, name, label } = plan;
    /** @type {LocalServer} */
    const server = { plan, opsPort: null, keeper: new Keeper(() => Promise.resolve()) };
    const logFile = join(LOGS, `${type}-${name}.log`);
    server.keeper = new Keeper(async (spawned) => {
      const { opsPort } = await launchServer({
        main: mainOf(type),
        env: { ...this.env, ...plan.env },
        readyFile: join(READY_FILES, `${type}-${name}.json`),
        logFile,
        onLine: (line) => this.report.show(label, line),
        spawned: (child) => {
          spawned(child);
          this.runningFile.write();
        },
      });
      server.opsPort = opsPort;
    });
    this.report.follow(label, server.keeper);
    return server;
  }

  /** The pids and addresses for the running file. @returns {import('./leftovers.mjs').Running} */
  running() {
    const entries = [...this.servers.map(({ plan, keeper }) => [plan.label, keeper.child?.pid]), ['redis', this.redis?.child?.pid]];
    const { url, opsUrl, certificate, opsCertificate } = addressesOf(this.options, this.env);
    return {
      supervisor: process.pid,
      url,
      opsUrl,
      ...(certificate && { certificate }),
      ...(opsCertificate && { opsCertificate }),
      adminToken: this.adminToken,
      ...(this.privateRedisUrl && { redisUrl: this.privateRedisUrl }),
      pids: Object.fromEntries(entries.filter(([, pid]) => pid !== undefined)),
    };
  }

  /** Builds after each change of the code, and restarts one server after another when their code has changed. */
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
        if (built.includes('servers')) for (const { plan, keeper } of this.servers) await keeper.restart(stopTimeoutMs(plan));
        if (built.length > 0) this.report.say('dev', `${built.join(', ')} built${built.includes('servers') ? ', servers restarted' : ''}`);
      } catch (error) {
        this.report.say('dev', `${this.terminal.paint('31', 'not built')}: ${error instanceof Error ? error.message : error}`);
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
    if (this.stopping) throw new PlainError('stopped');
  }
}

/** @param {string} label @param {unknown} error */
function didNotStart(label, error) {
  if (!(error instanceof ServerDidNotStart)) return error;
  const said = error.lastLines.map((line) => `  ${readable(line, 'debug')}`).join('\n');
  return new PlainError(`${label} ${error.message}${said ? `; its last output:\n${said}` : ''}`);
}
