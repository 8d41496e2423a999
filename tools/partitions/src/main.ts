import { redisName } from '#libs/redis';
import { ChainTable } from '../../chaos/src/chain-table.js';
import { ChaosFleet, siteName } from '../../chaos/src/chaos-fleet.js';
import type { ChaosServer, Workshop } from '../../chaos/src/chaos-server.js';
import type { Fault } from '../../chaos/src/faults.js';
import { Findings } from '../../chaos/src/findings.js';
import { allOpen } from '../../chaos/src/innocents.js';
import { roomLeftovers } from '../../chaos/src/leftovers.js';
import type { Spread } from '../../chaos/src/pauses.js';
import { Chance } from '../../chaos/src/random.js';
import { pause, until } from '../../chaos/src/until.js';
import type { Network } from '../../network/network.mjs';
import { CASES, type PartitionCase } from './cases.js';
import { type PartitionOptions, readOptions } from './options.js';
import { Partitions } from './partitions.js';
import { readable } from './report.js';
import { isTold, summaryOf, ToldEvents } from './told-events.js';

const HEAL_MS = 30_000;
const LAST_GAMES_MS = 60_000;
const SWEPT_MS = 30_000;
/** The minimum time from the registration of each server to a cut, in ms. Before that, missed checks do not lead to an eviction. */
const GRACE_MS = 3_500;

export interface CaseReport {
  readonly name: string;
  readonly what: string;
  readonly cuts: number;
  /** The distribution of the waiting times for slow answers, in ms. An answer is slow when it takes more than 100 ms. */
  readonly waits: Spread;
  /** The distribution of the lengths of pauses, from `paused` to `resumed`, in ms. */
  readonly pauses: Spread;
  readonly waitMsMax: number;
  /** Number of players who received the end of a game and no earlier event of it. */
  readonly absent: number;
  readonly told: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

export interface PartitionReport {
  readonly ok: boolean;
  readonly seed: number;
  readonly seconds: number;
  readonly games: number;
  readonly acknowledged: number;
  readonly cases: readonly CaseReport[];
  readonly violations: readonly string[];
  readonly logs: string;
}

export interface PartitionWorkshop extends Workshop {
  openNetwork(): Promise<Network>;
}

/** Runs the tool and prints its report. @returns the exit code: 1 when there is a violation, else 0 */
export async function main(argv: readonly string[], workshop: PartitionWorkshop): Promise<number> {
  const options = readOptions(argv);
  const say = (line: string): void => {
    if (!options.json) console.log(line);
  };
  const network = await workshop.openNetwork();
  try {
    const report = await new PartitionRun(options, network, say).run(workshop);
    console.log(options.json ? JSON.stringify(report) : readable(report));
    return report.ok ? 0 : 1;
  } finally {
    await network.close();
  }
}

class PartitionRun {
  private readonly findings: Findings;
  private readonly faults: Fault[] = [];
  private readonly told = new Map<string, Record<string, number>>();
  private readonly absent = new Map<string, number>();
  private readonly wrong = new Map<string, string[]>();
  private fleet: ChaosFleet | null = null;
  private isInterrupted = false;
  private readonly interrupted: Promise<void>;

  constructor(
    private readonly options: PartitionOptions,
    private readonly network: Network,
    private readonly say: (line: string) => void,
  ) {
    this.findings = new Findings(
      (violation) => say(`  VIOLATION  ${violation}`),
      async (room) => JSON.stringify(await this.fleet?.client.hgetall(redisName(`room:{${room}}`))),
    );
    this.interrupted = new Promise((resolve) =>
      process.once('SIGINT', () => {
        this.isInterrupted = true;
        resolve();
      }),
    );
  }

  async run(workshop: Workshop): Promise<PartitionReport> {
    const startedAt = performance.now();
    const { gateways, games, rooms, commandsPerSecond, seed, repeat } = this.options;
    const shape = { gateways, lobbies: 2, games, tls: false };
    for (const [type, count] of [
      ['gateway', gateways],
      ['lobby', shape.lobbies],
      ['game', games],
    ] as const)
      for (let number = 1; number <= count; number++) await this.network.add(siteName(type, String(number)));
    const fleet = await ChaosFleet.start(seed, shape, workshop, (sentence) => this.findings.violation(sentence), this.network);
    this.fleet = fleet;
    const events = new ToldEvents(fleet.client);
    try {
      await events.open();
      const thinkMs = (1_000 * 2 * rooms) / commandsPerSecond;
      const tables = Array.from(
        { length: rooms },
        (_, index) => new ChainTable(`cut-${index + 1}`, 2, thinkMs, this.findings, new Chance(seed * 1_000 + index)),
      );
      for (const table of tables) await table.open(fleet.gatewayUrls, null);
      this.say(`${rooms} rooms play; logs in ${fleet.folder}`);
      const lives = Promise.all(tables.map((table) => table.run()));
      for (let turn = 1; turn <= repeat; turn++)
        for (const one of CASES.filter(({ name }) => this.options.cases.includes(name)))
          if (!this.isInterrupted) await this.runCase(one, fleet, events);
      for (const table of tables) table.stop();
      const isOver = await Promise.race([lives.then(() => true), pause(LAST_GAMES_MS).then(() => false)]);
      if (!isOver) this.findings.violation(`not all players had finished ${LAST_GAMES_MS / 1_000} s after the last cut`);
      await until(async () => (await roomLeftovers(fleet.client)).length === 0, SWEPT_MS, 1_000).catch(async () => {
        for (const key of await roomLeftovers(fleet.client)) this.findings.violation(`a key is left over: ${key}`);
      });
      return this.report(fleet, performance.now() - startedAt);
    } finally {
      events.close();
      await fleet.stop();
    }
  }

  private async runCase(one: PartitionCase, fleet: ChaosFleet, events: ToldEvents): Promise<void> {
    await this.isQuiet(fleet);
    events.take();
    const partitions = new Partitions(this.network, fleet);
    const parties = {
      gateways: await busiestFirst(fleet, 'gateway', 'players'),
      lobbies: fleet.of('lobby'),
      games: await busiestFirst(fleet, 'game', 'rooms'),
    };
    const { absent } = this.findings.counts;
    const fault: Fault = { kind: one.name, what: one.what, from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.faults.push(fault);
    await one.act(partitions, parties);
    await Promise.race([pause(one.lastsMs), this.interrupted]);
    await partitions.mend();
    await Promise.all(fleet.servers.filter(({ condition }) => condition === 'down').map((server) => server.start()));
    fault.until = performance.now();
    this.absent.set(one.name, (this.absent.get(one.name) ?? 0) + this.findings.counts.absent - absent);
    const told = events.take();
    const counts = this.told.get(one.name) ?? {};
    for (const [name, count] of Object.entries(summaryOf(told))) counts[name] = (counts[name] ?? 0) + count;
    this.told.set(one.name, counts);
    this.say(
      `${one.name.padEnd(14)} ${
        Object.entries(summaryOf(told))
          .map(([name, count]) => `${name} ${count}`)
          .join(', ') || 'no events'
      }`,
    );
    if (this.isInterrupted) return;
    for (const wanted of one.mustTell)
      if (!told.some((event) => isTold(wanted, event))) this.violation(one, `no server published ${wanted}`);
    for (const { kind, server, reason } of told)
      if (kind === 'server.evicted' && !one.mayEvict.includes(reason)) this.violation(one, `${server} was evicted as ${reason}`);
  }

  /** Waits until the fleet is complete, no server is suspect, and each server has been registered for `GRACE_MS`. */
  private async isQuiet(fleet: ChaosFleet): Promise<void> {
    await fleet
      .whole(HEAL_MS)
      .then(() => allOpen(fleet, HEAL_MS))
      .catch((error) => this.findings.violation(`the fleet is not complete ${HEAL_MS / 1_000} s after the last cut: ${error.message}`));
    await Promise.race([
      this.interrupted,
      until(async () => {
        const [seconds] = await fleet.client.time();
        const times = await Promise.all(fleet.servers.map(({ id }) => fleet.client.hget(id, 'registeredAt')));
        return times.every((at) => Number(seconds) * 1_000 - Number(at) > GRACE_MS);
      }, HEAL_MS).catch(() => {}),
    ]);
  }

  private violation({ name }: PartitionCase, sentence: string): void {
    const known = this.wrong.get(name) ?? [];
    this.wrong.set(name, [...known, sentence]);
    this.say(`  VIOLATION  ${name}: ${sentence}`);
  }

  private report(fleet: ChaosFleet, elapsedMs: number): PartitionReport {
    const { counts, pauses, violations } = this.findings;
    const byFault = pauses.byFault(this.faults);
    const cases = CASES.filter(({ name }) => byFault[name] !== undefined).map((one) => {
      const { faults, longWaits, pauses: told } = byFault[one.name];
      if (longWaits.p99 > one.waitMsMax)
        this.violation(one, `an answer took ${Math.round(longWaits.p99)} ms (p99), but at most ${one.waitMsMax} ms are allowed`);
      return {
        name: one.name,
        what: one.what,
        cuts: faults,
        waits: longWaits,
        pauses: told,
        waitMsMax: one.waitMsMax,
        absent: this.absent.get(one.name) ?? 0,
        told: this.told.get(one.name) ?? {},
        violations: this.wrong.get(one.name) ?? [],
      };
    });
    return {
      ok: violations.length === 0 && cases.every((one) => one.violations.length === 0),
      seed: this.options.seed,
      seconds: Math.round(elapsedMs / 1_000),
      games: counts.games,
      acknowledged: counts.acknowledged,
      cases,
      violations,
      logs: fleet.folder,
    };
  }
}

/** Returns the servers of a type, sorted by their number of players or rooms. A cut of the first server affects the most players. */
async function busiestFirst(fleet: ChaosFleet, type: 'gateway' | 'game', count: 'players' | 'rooms'): Promise<ChaosServer[]> {
  const servers = fleet.of(type);
  const counts = new Map(await Promise.all(servers.map(async ({ id }) => [id, Number(await fleet.client.hget(id, count))] as const)));
  return servers.toSorted((a, b) => (counts.get(b.id) ?? 0) - (counts.get(a.id) ?? 0));
}
