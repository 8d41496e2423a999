import { stopTimeoutMs } from './fleet-plan.mjs';
import { LocalServer } from './local-server.mjs';

/**
 * Time limit for the stop of a server that has not started yet, in ms. It is short, because such a server has no rooms, and a server in an
 * endless loop never answers SIGTERM.
 */
const STOP_STARTING_MS = 500;

/**
 * Runs a new build on a fleet. First starts one new server of each type beside the old servers. Stops old servers only when all new servers
 * are ready. The rooms of the old game servers migrate to the new one, and then further new servers start. A gateway cannot be replaced
 * like this, because players need its ports. So the new gateway only shows on other ports that the build works. Then it ends, and each old
 * gateway restarts.
 */
export class Renewal {
  /** The processes that are not part of the fleet yet. @type {Set<LocalServer>} */
  #candidates = new Set();
  /** Servers of the fleet that are still starting. @type {Set<LocalServer>} */
  #starting = new Set();

  /** Servers of the fleet that had not started yet when a newer build arrived. The tool has stopped their start. @type {LocalServer[]} */
  #interrupted = [];

  /** @param {LocalServer[]} servers the fleet; a successor takes the place of its predecessor in this list */
  constructor(servers) {
    this.servers = servers;
  }

  /**
   * Resolves when all rooms and players are on servers with the new build. Further new servers are perhaps still starting then.
   *
   * @param {ReadonlySet<import('./fleet-plan.mjs').ServerType>} types
   * @param {AbortSignal} newerEdit aborts the start of the first new servers; later it has no effect
   * @throws {CannotStart} when a server cannot start with the new build; the fleet then runs the old one
   * @throws the reason of `newerEdit` when it has aborted the start; the fleet then runs the old build
   */
  async run(types, newerEdit) {
    // Stops servers that are still starting with an older build, because their start would delay that of the new build.
    this.#interrupted = [...this.#starting].filter(({ plan }) => types.has(plan.type));
    for (const { keeper } of this.#interrupted) void keeper.stop(STOP_STARTING_MS);
    const ofType = (/** @type {string} */ type) => this.servers.filter(({ plan }) => plan.type === type && types.has(plan.type));
    const gateways = ofType('gateway');
    const replaced = [ofType('game'), ofType('lobby')].filter((group) => group.length > 0);
    const trials = gateways.slice(0, 1).map(trialOf);
    const firsts = replaced.map(([first]) => first.successor());
    try {
      await this.#start([...trials, ...firsts], newerEdit);
    } catch (error) {
      await this.abandon();
      throw error;
    }
    await Promise.all(trials.map((trial) => this.#end(trial)));
    const followers = await Promise.all(replaced.map((group, index) => this.#replace(group, firsts[index])));
    for (const { keeper, plan } of gateways) await keeper.restart(stopTimeoutMs(plan));
    for (const follower of followers.flat()) void this.#follow(follower);
  }

  /** Starts the servers whose start `run` has stopped. Call it when the newer build cannot start and the old build is restored. */
  resume() {
    for (const server of this.#interrupted) {
      const next = server.successor();
      this.servers[this.servers.indexOf(server)] = next;
      void server.keeper.stop(STOP_STARTING_MS).then(() => {
        next.succeed();
        return this.#follow(next);
      });
    }
    this.#interrupted = [];
  }

  /** Ends all processes that do not belong to the fleet yet. */
  async abandon() {
    await Promise.all([...this.#candidates].map((candidate) => this.#end(candidate)));
  }

  /** @param {LocalServer} follower */
  async #follow(follower) {
    this.#starting.add(follower);
    await follower.keeper.startOrRetry();
    this.#starting.delete(follower);
  }

  /** @param {LocalServer[]} candidates @param {AbortSignal} newerEdit */
  async #start(candidates, newerEdit) {
    newerEdit.throwIfAborted();
    const starting = new Set(candidates);
    const stop = () => {
      for (const { keeper } of starting) void keeper.stop(STOP_STARTING_MS);
    };
    newerEdit.addEventListener('abort', stop, { once: true });
    const started = candidates.map(async (candidate) => {
      this.#candidates.add(candidate);
      await candidate.keeper
        .start()
        .catch((error) => {
          throw new CannotStart(candidate.plan.label, error);
        })
        .finally(() => starting.delete(candidate));
    });
    const results = await Promise.allSettled(started);
    newerEdit.removeEventListener('abort', stop);
    newerEdit.throwIfAborted();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /**
   * Stops all servers of one type. The successor of the first server already runs.
   *
   * @param {LocalServer[]} group @param {LocalServer} first
   * @returns {Promise<LocalServer[]>} the successors of the others, which are not started
   */
  async #replace(group, first) {
    const followers = group.slice(1).map((server) => server.successor());
    const successors = [first, ...followers];
    for (const [index, server] of group.entries()) this.servers[this.servers.indexOf(server)] = successors[index];
    this.#candidates.delete(first);
    await Promise.all(group.map((server) => server.keeper.stop(stopTimeoutMs(server.plan))));
    for (const successor of successors) successor.succeed();
    return followers;
  }

  /** @param {LocalServer} candidate */
  async #end(candidate) {
    await candidate.keeper.stop(stopTimeoutMs(candidate.plan));
    this.#candidates.delete(candidate);
  }
}

/** Thrown when a server cannot start with a new build. `cause` is the error of the server. */
export class CannotStart extends Error {
  /** @param {string} label @param {unknown} cause */
  constructor(label, cause) {
    super(`${label} cannot start`, { cause });
    this.label = label;
  }
}

/** Returns a gateway on free ports, whose only purpose is to show whether the new build starts. @param {LocalServer} server */
function trialOf(server) {
  const trial = server.successor();
  trial.plan = { ...trial.plan, env: { ...trial.plan.env, PUBLIC_PORT: '0', TCP_PORT: '0', OPS_PORT: '0' } };
  return trial;
}
