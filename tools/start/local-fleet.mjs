import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { PROJECT } from '../process/paths.mjs';
import { PlainError, plainly } from '../process/plain-error.mjs';
import { assertDataFolder } from '../process/writable.mjs';
import { findRedisServer } from '../redis/find-redis.mjs';
import { pingRedis } from '../redis/ping-redis.mjs';
import { redacted } from '../redis/redacted.mjs';
import { startRedis } from '../redis/start-redis.mjs';
import { addressesOf } from './addresses.mjs';
import { checkPorts } from './check-ports.mjs';
import { configurationFile, DOT_ENV } from './configuration.mjs';
import { DevLoop } from './dev-loop.mjs';
import { firstToken } from './first-token.mjs';
import { preparePrivateFolders, REDIS_FOLDER, RUNNING_FILE } from './fleet-folder.mjs';
import { planFleet, stopTimeoutMs } from './fleet-plan.mjs';
import { FleetReport } from './fleet-report.mjs';
import { Keeper } from './keeper.mjs';
import { ServerDidNotStart } from './launch-server.mjs';
import { clearLeftovers, commandOf } from './leftovers.mjs';
import { LocalServer } from './local-server.mjs';
import { isPortOfGateway } from './options.mjs';
import { Renewal } from './renewal.mjs';
import { RunningFile } from './running-file.mjs';
import { readable } from './terminal.mjs';
import { startTypeCheck } from './type-check.mjs';
import { watchSettings } from './watch-settings.mjs';

/** Time limit for Redis to end after SIGTERM, in ms. After this time, Redis is killed. */
const REDIS_STOP_MS = 10_000;

/**
 * A fleet on this machine: its servers and, without `--redis-url`, a private Redis. Each of these processes has a keeper, which restarts it
 * when it dies.
 */
export class LocalFleet {
  /** @type {LocalServer[]} */
  servers = [];
  /** @type {Keeper | null} */
  redis = null;
  stopping = false;
  holdsFolder = false;

  /** @type {Renewal | null} */
  renewal = null;
  /** Functions that stop the type check and the watching of edits. @type {(() => void)[]} */
  endings = [];

  /**
   * @param {import('../project/project.mjs').Project} project
   * @param {import('./options.mjs').FleetOptions} options
   * @param {NodeJS.ProcessEnv} env
   * @param {import('./terminal.mjs').Terminal} terminal
   */
  constructor(project, options, env, terminal) {
    this.project = project;
    this.options = options;
    this.env = env;
    this.terminal = terminal;
    this.report = new FleetReport(terminal, options.verbose ? 'info' : env.LOG_LEVEL || 'warn');
    this.runningFile = new RunningFile(
      () => this.running(),
      (text) => terminal.line(`  ${text}`),
    );
    /** The tokens of operators, as in `ADMIN_TOKEN`. */
    this.adminTokens = env.ADMIN_TOKEN || randomBytes(18).toString('base64url');
    /** The private Redis has a password, because other users of this machine can reach its port. */
    this.redisPassword = randomBytes(24).toString('base64url');
    /** @type {string | null} */
    this.privateRedisUrl = null;
    this.command = commandOf(process.pid) ?? '';
    this.linkSecret = env.LINK_SECRET || randomBytes(32).toString('base64url');
  }

  async start() {
    const { terminal, options } = this;
    const startedAt = Date.now();
    terminal.line(terminal.paint('1', '\nHoldfast'));
    await this.claimFolder();
    await checkPorts(options, this.env);
    await this.project.prepare((text, work) => terminal.step(text, work), { redisUrl: options.redisUrl, env: this.env });
    const redisUrl = await terminal.step('Redis', (say) =>
      options.redisUrl ? this.useRedis(options.redisUrl, say) : this.startPrivateRedis(say),
    );
    this.checkStopping();

    const plans = planFleet(options, { redisUrl, linkSecret: this.linkSecret, adminToken: this.adminTokens, env: this.env });
    const { project, env, report } = this;
    const context = { project, env, report, changed: () => this.runningFile.write() };
    this.servers = plans.map((plan) => new LocalServer(plan, context));
    const devLoop = options.watch ? await this.followEdits() : null;
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
    devLoop?.begin();
  }

  /** @param {{ quiet?: boolean }} [how] */
  async stop({ quiet = false } = {}) {
    this.stopping = true;
    this.report.isMuted = true;
    for (const end of this.endings) end();
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
      await this.renewal?.abandon();
      // Gateways stop first, so that they can still notify players. Redis stops last, because the other servers write to it until they end.
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
    const shown = redacted(url);
    say(`Redis at ${shown}`);
    const problem = await pingRedis(url, this.env);
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
    say(`Redis, private, on port ${port}; games are stored in ${relative(PROJECT, dir) || dir}`);
    return url;
  }

  /** Returns the content of `running.json`: pids and addresses. @returns {import('./leftovers.mjs').Running} */
  running() {
    const entries = [...this.servers.map(({ plan, keeper }) => [plan.label, keeper.child?.pid]), ['redis', this.redis?.child?.pid]];
    const { url, opsUrl, certificate, opsCertificate } = addressesOf(this.options, this.env);
    return {
      supervisor: process.pid,
      supervisorCommand: this.command,
      entries: Object.values(this.project.entries),
      url,
      opsUrl,
      ...(certificate && { certificate }),
      ...(opsCertificate && { opsCertificate }),
      adminToken: firstToken(this.adminTokens),
      ...(this.privateRedisUrl && { redisUrl: this.privateRedisUrl }),
      pids: Object.fromEntries(entries.filter(([, pid]) => pid !== undefined)),
    };
  }

  /**
   * Starts to watch the project for edits and to check its types. Returns the loop that restarts the servers which load a changed file.
   *
   * @returns {Promise<DevLoop>}
   */
  async followEdits() {
    const { project, env, report, terminal, options } = this;
    const reportAs = (/** @type {string} */ label) => ({
      say: (/** @type {string} */ text) => this.stopping || report.say(label, text),
      warn: (/** @type {string} */ text) => this.stopping || report.say(label, terminal.paint('31', text)),
    });
    this.renewal = new Renewal(this.servers);
    const reasonOf = (/** @type {import('./renewal.mjs').CannotStart} */ { label, cause }) => {
      const error = didNotStart(label, cause);
      return error instanceof Error ? error.message : String(error);
    };
    const devLoop = new DevLoop(project, this.renewal, { ...reportAs('dev'), env, reasonOf });
    this.endings.push(await devLoop.follow(), this.followSettings(reportAs('dev').warn));
    const endCheck = options.types && project.typeCheck ? startTypeCheck(project.typeCheck, project.root, reportAs('types')) : null;
    if (endCheck) this.endings.push(endCheck);
    return devLoop;
  }

  /**
   * Reports edits of the files that this fleet has only read at its start.
   *
   * @param {(text: string) => void} warn @returns {() => void} stops it
   */
  followSettings(warn) {
    const configuration = configurationFile(this.env);
    return watchSettings([...this.project.settings, DOT_ENV, ...(configuration === null ? [] : [configuration])], (file) => {
      const name = relative(PROJECT, file);
      warn(`${name} was edited, but this fleet still runs with its former content: press Ctrl-C and start the fleet again to apply it`);
    });
  }

  checkStopping() {
    if (this.stopping) throw new PlainError('stopped');
  }
}

/** @param {string} label @param {unknown} error @returns {unknown} */
function didNotStart(label, error) {
  if (!(error instanceof ServerDidNotStart)) return error;
  const said = error.lastLines.map((line) => `  ${readable(line, 'debug')}`).join('\n');
  return new PlainError(`${label} ${error.message}${said ? `; its last output:\n${said}` : ''}`);
}
