import { relative } from 'node:path';
import { callOf } from '../command/names.mjs';
import { addressesOf } from './addresses.mjs';
import { firstToken } from './first-token.mjs';
import { LOGS, RUNNING_FILE } from './fleet-folder.mjs';
import { readable } from './terminal.mjs';

/** Prints the lines about a fleet: its addresses, the deaths and restarts of its processes, and the log lines that people should see. */
export class FleetReport {
  /** True while the fleet stops. The report then prints no lines of servers. */
  isMuted = false;
  hasStarted = false;

  /** @param {import('./terminal.mjs').Terminal} terminal @param {string} logLevel the lowest level that is shown */
  constructor(terminal, logLevel) {
    this.terminal = terminal;
    this.logLevel = logLevel;
  }

  /**
   * Prints the addresses of the fleet.
   *
   * @param {Pick<import('./local-fleet.mjs').LocalFleet, 'project' | 'options' | 'env' | 'servers' | 'adminTokens'>} fleet
   * @param {number} tookSeconds
   */
  greet({ project, options, env, servers, adminTokens }, tookSeconds) {
    const { terminal } = this;
    const { page, tcp, ops } = addressesOf(options, env);
    const gateways = servers.filter(({ plan }) => plan.type === 'gateway');
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
    row('Admin token', firstToken(adminTokens));
    row('Metrics', servers.map(({ plan, opsPort }) => `${plan.label} ${ops(opsPort)}/metrics`).join(`\n  ${' '.repeat(13)}`));
    row('Logs', relative(process.cwd(), LOGS) || LOGS);
    terminal.line();
    const play = project.isRepository ? `run ${callOf('players')} --players 50` : 'play';
    terminal.line(
      `  ${terminal.paint('2', `Try it: ${play}, and kill -9 a game server meanwhile (pids in ${relative(process.cwd(), RUNNING_FILE)}).`)}`,
    );
    terminal.line(`  ${terminal.paint('2', 'Ctrl-C stops everything.')}`);
    terminal.line();
  }

  /** Prints every death and every restart of a process. @param {string} label @param {import('./keeper.mjs').Keeper} keeper */
  follow(label, keeper) {
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
    // Until the fleet has started, prints only log lines that are JSON. Other lines of a server that does not start are in the message of
    // the error.
    if (this.isMuted || (!this.hasStarted && !line.startsWith('{'))) return;
    const text = readable(line, this.logLevel);
    if (text !== null) this.say(label, text);
  }

  /** @param {string} label @param {string} text */
  say(label, text) {
    const time = new Date().toTimeString().slice(0, 8);
    this.terminal.line(`  ${this.terminal.paint('2', time)} ${this.terminal.name(label.padEnd(10))} ${text}`);
  }
}

/** @param {number} ms */
function seconds(ms) {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
