import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redisName } from '#libs/redis';
import { ChainTable } from '../../chaos/src/chain-table.js';
import { ChaosFleet } from '../../chaos/src/chaos-fleet.js';
import type { Workshop } from '../../chaos/src/chaos-server.js';
import type { Fault } from '../../chaos/src/faults.js';
import { Findings } from '../../chaos/src/findings.js';
import type { Spread } from '../../chaos/src/pauses.js';
import { Chance } from '../../chaos/src/random.js';
import { pause } from '../../chaos/src/until.js';
import { CASES, type PoisonCase } from './cases.js';
import { type PoisonOptions, readOptions } from './options.js';
import { playPoison } from './poison-room.js';

const WHOLE_MS = 30_000;
/** The time between two cases, in ms. It is so long that a case does not affect the next one. */
const BETWEEN_MS = 5_500;
const LAST_GAMES_MS = 60_000;
const OPEN_AT_ONCE = 20;
const LOSSES_STOP = 4;
/** The maximum number of log lines that may name the hostile game in one case. */
const LINES_MAX = 20;

export interface CaseReport {
  readonly name: string;
  readonly ok: boolean;
  readonly lost: number;
  readonly lossesMax: number;
  /** Time from the last run of hostile code until the player who caused it received the outcome, in ms. */
  readonly ms: number;
  /**
   * The distribution of the waiting times for slow answers in rooms without hostile code, in ms. An answer is slow when it takes more than
   * 100 ms.
   */
  readonly waits: Spread;
  /** The distribution of the lengths of pauses in rooms without hostile code, in ms. */
  readonly pauses: Spread;
  readonly faults: readonly string[];
}

export interface PoisonReport {
  readonly ok: boolean;
  readonly seed: number;
  readonly rooms: number;
  readonly acknowledged: number;
  readonly games: number;
  readonly cases: readonly CaseReport[];
  readonly violations: readonly string[];
  readonly logs: string;
}

/** Runs the requested cases and prints the report. Returns the exit code: 1 when any result is wrong. */
export async function main(argv: readonly string[], workshop: Workshop): Promise<number> {
  const options = readOptions(argv);
  const say = (line: string): void => {
    if (!options.json) console.log(line);
  };
  const report = await new PoisonRun(options, say).run(workshop);
  console.log(options.json ? JSON.stringify(report) : readable(report));
  return report.ok ? 0 : 1;
}

class PoisonRun {
  private readonly findings: Findings;
  private fleet: ChaosFleet | null = null;
  private lost = 0;
  /** Number of servers that were lost before the current case. */
  private lostBefore = 0;
  private isStopping = false;

  constructor(
    private readonly options: PoisonOptions,
    private readonly say: (line: string) => void,
  ) {
    this.findings = new Findings(
      (violation) => say(`  VIOLATION  ${violation}`),
      async (room) => JSON.stringify(await this.fleet?.client.hgetall(redisName(`room:{${room}}`))),
    );
  }

  async run(workshop: Workshop): Promise<PoisonReport> {
    const { rooms, commandsPerSecond, seed } = this.options;
    const shape = { gateways: 1, lobbies: 1, games: 2, tls: false };
    const fleet = await ChaosFleet.start(seed, shape, workshop, (sentence, server) => {
      if (this.isStopping) return;
      this.lost += 1;
      this.say(`  ${sentence}; it is restarted`);
      // When one hostile room has killed too many servers, the tool no longer restarts them, and the run fails.
      if (this.lost - this.lostBefore <= LOSSES_STOP) void server.start();
    });
    this.fleet = fleet;
    try {
      const thinkMs = (1_000 * 2 * rooms) / commandsPerSecond;
      const tables = Array.from(
        { length: rooms },
        (_, index) => new ChainTable(`innocent-${index + 1}`, 2, thinkMs, this.findings, new Chance(seed * 1_000 + index)),
      );
      for (let at = 0; at < tables.length; at += OPEN_AT_ONCE)
        await Promise.all(tables.slice(at, at + OPEN_AT_ONCE).map((table) => table.open(fleet.gatewayUrls, null)));
      this.say(`${rooms} innocent rooms play; logs in ${fleet.folder}`);
      const lives = Promise.all(tables.map((table) => table.run()));
      await pause(BETWEEN_MS);
      const { cases, faults } = await this.runCases(fleet);
      for (const table of tables) table.stop();
      const isOver = await Promise.race([lives.then(() => true), pause(LAST_GAMES_MS).then(() => false)]);
      if (!isOver) this.findings.violation(`some innocent players were still playing ${LAST_GAMES_MS / 1_000} s after the last case`);
      return this.report(fleet, cases, faults);
    } finally {
      this.isStopping = true;
      await fleet.stop();
    }
  }

  private async runCases(fleet: ChaosFleet): Promise<{ cases: Omit<CaseReport, 'waits' | 'pauses'>[]; faults: Fault[] }> {
    const cases: Omit<CaseReport, 'waits' | 'pauses'>[] = [];
    const faults: Fault[] = [];
    for (const poison of CASES.filter(({ name }) => this.options.cases.includes(name))) {
      const fault: Fault = { kind: poison.name, what: poison.name, from: performance.now(), until: Number.POSITIVE_INFINITY };
      faults.push(fault);
      cases.push(await this.runCase(poison, fleet));
      fault.until = performance.now();
      await pause(BETWEEN_MS);
    }
    return { cases, faults };
  }

  private async runCase(poison: PoisonCase, fleet: ChaosFleet): Promise<Omit<CaseReport, 'waits' | 'pauses'>> {
    this.lostBefore = this.lost;
    const namedBefore = await linesThatName(fleet);
    const whole = (): Promise<void> => fleet.whole(WHOLE_MS);
    const { ms, faults } = await playPoison(poison, fleet.gatewayUrls[0], whole).catch((error) => ({
      ms: Number.NaN,
      faults: [`the room could not be played: ${error}`],
    }));
    const found = [...faults];
    await whole().catch((error) => found.push(`the fleet is not complete: ${error.message}`));
    const lost = this.lost - this.lostBefore;
    if (lost > poison.lossesMax) found.push(`${lost} game servers were lost, but at most ${poison.lossesMax} are allowed`);
    const lines = (await linesThatName(fleet)) - namedBefore;
    if (lines === 0) found.push('no log line names the game');
    if (lines > LINES_MAX) found.push(`${lines} log lines name the game, but at most ${LINES_MAX} are allowed`);
    const { name, lossesMax } = poison;
    this.say(`${found.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${lost} lost, known after ${Math.round(ms)} ms`);
    for (const fault of found) this.say(`     ${fault}`);
    return { name, ok: found.length === 0, lost, lossesMax, ms: Math.round(ms), faults: found };
  }

  private report(fleet: ChaosFleet, cases: readonly Omit<CaseReport, 'waits' | 'pauses'>[], faults: readonly Fault[]): PoisonReport {
    const { findings, options } = this;
    const byCase = findings.pauses.byFault(faults);
    return {
      ok: cases.every(({ ok }) => ok) && findings.violationCount === 0,
      seed: options.seed,
      rooms: options.rooms,
      acknowledged: findings.counts.acknowledged,
      games: findings.counts.games,
      cases: cases.map((one) => ({ ...one, waits: byCase[one.name].longWaits, pauses: byCase[one.name].pauses })),
      violations: findings.violations,
      logs: fleet.folder,
    };
  }
}

/** Counts the log lines of game servers that name the hostile game. */
async function linesThatName(fleet: ChaosFleet): Promise<number> {
  const files = fleet.of('game').map(({ name }) => join(fleet.folder, `game-${name}.log`));
  const logs = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return logs.join('').split('"game":"poison"').length - 1;
}

function readable({ ok, cases, violations, acknowledged, games, rooms, logs }: PoisonReport): string {
  const column = (value: string | number): string => String(value).padStart(9);
  const rows = cases.map(
    ({ ok: isOk, name, lost, ms, waits, pauses }) =>
      `  ${isOk ? 'ok  ' : 'FAIL'} ${name.padEnd(36)}${[lost, ms, waits.count, Math.round(waits.p99), Math.round(waits.max), pauses.count, Math.round(pauses.max)].map(column).join('')}`,
  );
  const heads = ['lost', 'known ms', 'waits', 'p99 ms', 'max ms', 'pauses', 'max ms'].map(column).join('');
  return [
    '',
    `  ${rooms} innocent rooms: ${games} games, ${acknowledged} commands acknowledged; waits over 100 ms and pauses are of these rooms`,
    '',
    `       ${'case'.padEnd(36)}${heads}`,
    ...rows,
    '',
    ...cases.flatMap(({ name, faults }) => faults.map((fault) => `  ! ${name}: ${fault}`)),
    ...violations.map((violation) => `  ! ${violation}`),
    ok ? 'PASS  every hostile room affected only itself' : `FAIL  (logs in ${logs})`,
  ].join('\n');
}
