import { join } from 'node:path';
import { LOGS, READY_FILES } from './fleet-folder.mjs';
import { Keeper } from './keeper.mjs';
import { launchServer } from './launch-server.mjs';

/**
 * @typedef {object} LocalServerContext
 * @property {import('../project/project.mjs').Project} project
 * @property {NodeJS.ProcessEnv} env the environment that all servers share
 * @property {import('./fleet-report.mjs').FleetReport} report
 * @property {() => void} changed called after a process has started
 */

/** One server of a fleet on this machine. A keeper restarts its process when it dies. */
export class LocalServer {
  /** @type {number | null} */
  opsPort = null;
  /** True: the predecessor of this server still uses the inspector port. */
  #isPortTaken = false;
  /**
   * The log lines that a successor shows only when it replaces its predecessor. Null: this server shows its lines immediately.
   *
   * @type {string[] | null}
   */
  #heldLines = null;

  /**
   * @param {import('./fleet-plan.mjs').PlannedServer} plan @param {LocalServerContext} context
   * @param {number} [generation] 0 for the first process; each successor of a running one has the next number
   */
  constructor(plan, context, generation = 0) {
    this.plan = plan;
    this.context = context;
    this.generation = generation;
    this.keeper = new Keeper((spawned) => this.#launch(spawned));
    context.report.follow(plan.label, this.keeper);
  }

  /**
   * Returns a successor: a server that can run beside this one and then replace it. The successor has another name, and this function does
   * not start it.
   */
  successor() {
    const next = new LocalServer(this.plan, this.context, this.generation + 1);
    next.#isPortTaken = this.plan.inspectPort !== undefined;
    next.#heldLines = [];
    return next;
  }

  /**
   * Makes this successor replace its predecessor. Call this when the predecessor has ended. Shows the log lines so far, and from now on all
   * lines immediately.
   */
  succeed() {
    for (const line of this.#heldLines ?? []) this.context.report.show(this.plan.label, line);
    this.#heldLines = null;
    if (!this.#isPortTaken) return;
    this.#isPortTaken = false;
    // SIGUSR1 makes Node open its inspector.
    this.keeper.child?.kill('SIGUSR1');
  }

  /** @param {(child: import('node:child_process').ChildProcess) => void} spawned */
  async #launch(spawned) {
    const { plan, context, generation } = this;
    const { type, name, label, inspectPort } = plan;
    const ownName = generation === 0 ? name : `${name}-${generation}`;
    const { opsPort } = await launchServer({
      main: context.project.entries[type],
      cwd: context.project.root,
      flags: inspectPort === undefined ? [] : [`${this.#isPortTaken ? '--inspect-port' : '--inspect'}=127.0.0.1:${inspectPort}`],
      env: { ...context.env, ...plan.env, SERVER_NAME: ownName },
      readyFile: join(READY_FILES, `${type}-${ownName}.json`),
      logFile: join(LOGS, `${type}-${name}.log`),
      onLine: (line) => (this.#heldLines ? void this.#heldLines.push(line) : context.report.show(label, line)),
      spawned: (child) => {
        spawned(child);
        context.changed();
      },
    });
    this.opsPort = opsPort;
  }
}
