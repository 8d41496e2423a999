import { redisName } from '#libs/redis';
import { Tally } from '../../players/src/tally.js';
import { TicTacToeRun } from '../../players/src/tic-tac-toe.js';
import { DURABILITIES } from './bank.js';
import { auditBank } from './bank-audit.js';
import { BankTable } from './bank-table.js';
import { ChainTable } from './chain-table.js';
import { ChaosFleet } from './chaos-fleet.js';
import type { Workshop } from './chaos-server.js';
import { type Fault, Faults, type Kind, type World } from './faults.js';
import { Findings } from './findings.js';
import { allOpen, Innocents } from './innocents.js';
import { roomLeftovers, ticketLeftovers } from './leftovers.js';
import { matchFaults } from './match-faults.js';
import { operatorFaults } from './operator-faults.js';
import { type ChaosOptions, readOptions } from './options.js';
import { partitionFaults } from './partition-faults.js';
import { playerFaults } from './player-faults.js';
import { Chance } from './random.js';
import { type BankReport, type Report, readable, reportOf } from './report.js';
import { RollingRestart } from './rolling-restart.js';
import { Searchers } from './searchers.js';
import { serverFaults } from './server-faults.js';
import { storeFaults } from './store-faults.js';
import { until } from './until.js';

const PLAYERS_A_ROOM = [2, 3, 4] as const;
const PROGRESS_MS = 10_000;
/** The time limit after the last fault for the fleet to be complete, in ms. */
const HEAL_MS = 30_000;
/** The time limit for the last games to end, in ms. It begins when the fleet is complete. */
const LAST_GAMES_MS = 90_000;
/** The time limit for the last payments and for the deletion of all rooms after the last game has ended, in ms. */
const SWEPT_MS = 30_000;
const OTHERS_THINK_MS = 600;
const BANK_THINK_MS = 250;

/** Runs the tool and prints its report. @returns the exit code: 1 when there is a violation, else 0 */
export async function main(argv: readonly string[], workshop: Workshop): Promise<number> {
  const options = readOptions(argv, workshop.call);
  const report = await run(options, workshop);
  console.log(options.json ? JSON.stringify(report) : readable(report));
  return report.ok ? 0 : 1;
}

async function run(options: ChaosOptions, workshop: Workshop): Promise<Report> {
  const startedAt = performance.now();
  const say = (line: string): void => {
    if (!options.json) console.log(`${clock(performance.now() - startedAt)}  ${line}`);
  };
  let fleet: ChaosFleet | undefined;
  const findings = new Findings(
    (violation) => say(`VIOLATION  ${violation}`),
    async (room) => JSON.stringify(await fleet?.client.hgetall(redisName(`room:{${room}}`))),
  );
  say(`seed ${options.seed}; logs in ${workshop.home}/${options.seed}`);
  fleet = await ChaosFleet.start(options.seed, options, workshop, (sentence) => findings.violation(sentence));
  try {
    return await playUnderFaults(options, fleet, findings, say, startedAt);
  } finally {
    await fleet.stop();
  }
}

async function playUnderFaults(
  options: ChaosOptions,
  fleet: ChaosFleet,
  findings: Findings,
  say: (line: string) => void,
  startedAt: number,
): Promise<Report> {
  const { seed, minutes, every } = options;
  const sizes = Array.from({ length: options.rooms }, (_, index) => PLAYERS_A_ROOM[index % PLAYERS_A_ROOM.length]);
  const players = sizes.reduce((sum, size) => sum + size, 0);
  const thinkMs = (1_000 * players) / options.commandsPerSecond;
  const tables = sizes.map(
    (size, index) => new ChainTable(`chain-${index + 1}`, size, thinkMs, findings, new Chance(seed * 1_000 + index)),
  );
  const banks = Array.from({ length: options.banks }, (_, index) => {
    const durability = DURABILITIES[index % DURABILITIES.length];
    return new BankTable(`bank-${index + 1}`, durability, BANK_THINK_MS, findings, new Chance(seed * 1_000 + 500 + index));
  });
  const searchers = new Searchers(options.searchers, findings, new Chance(seed * 1_000 + 900));
  for (const table of [...tables, ...banks, searchers]) await table.open(fleet.gatewayUrls, fleet.certificate);
  say(
    `${players} players in ${tables.length} rooms of chain, ${2 * banks.length} of bank games, ${options.others} of tic-tac-toe, ${options.searchers} who search for matches; ${options.rolling ? 'each server is restarted once' : `faults for ${minutes} min, one every ${every} s`}`,
  );

  const innocents = new Innocents(fleet, findings);
  const others = new Others(options, fleet.gatewayUrls, fleet.certificate, findings);
  const lives = Promise.all([...[...tables, ...banks].map((table) => table.run()), others.run(), searchers.run()]);
  const progress = setInterval(() => say(progressOf(findings, performance.now() - startedAt)), PROGRESS_MS);

  const chance = new Chance(seed);
  const tell = (fault: Fault): void => say(`${fault.kind.padEnd(15)} ${fault.what}`);
  const faults = options.rolling
    ? new RollingRestart(fleet, tell)
    : new Faults(allKinds({ fleet, chance, findings }), chance, every * 1_000, options.faults, tell);
  const raging = faults.run();
  // A rolling restart ends when the last server has restarted, and has no time limit.
  const enough = options.rolling ? [] : [new Promise<void>((resolve) => setTimeout(resolve, minutes * 60_000))];
  await Promise.race([raging, ...enough, interrupted()]);
  await faults.stop();
  say('no more faults; waiting until the fleet is complete');
  await fleet
    .whole(HEAL_MS)
    .then(() => allOpen(fleet, HEAL_MS))
    .catch((error) => findings.violation(`the fleet is not complete ${HEAL_MS / 1_000} s after the last fault: ${error.message}`));
  innocents.stop();

  say('waiting for the last games');
  for (const table of [...tables, ...banks]) table.stop();
  others.stop();
  await searchers.stop();
  const isOver = await Promise.race([
    lives.then(() => true),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), LAST_GAMES_MS)),
  ]);
  if (!isOver) findings.violation(`not all players had finished ${LAST_GAMES_MS / 1_000} s after the fleet was complete`);
  clearInterval(progress);

  say('auditing the payments of the bank games');
  const bank = await auditedBank(banks, fleet, findings);

  say('waiting until all rooms are deleted');
  await sweptClean(fleet, findings);
  await fleet.stop();
  await until(async () => (await fleet.orphans()).length === 0, 5_000).catch(async () => {
    for (const orphan of await fleet.orphans()) findings.violation(`a process is left over: ${orphan}`);
  });
  const { history } = searchers;
  const searches = { matched: history.count('matched'), cancelled: history.count('cancelled'), refused: history.count('refused') };
  const parts = { ticTacToe: others.tally, bank, searches };
  return reportOf(options, findings, faults.done, parts, fleet.folder, performance.now() - startedAt);
}

function allKinds(world: World): readonly Kind[] {
  return [
    ...serverFaults(world),
    ...storeFaults(world),
    ...partitionFaults(world),
    ...playerFaults(world),
    ...operatorFaults(world),
    ...matchFaults(world),
  ];
}

/** Checks the bank games against their payments. First waits for missing payments, because an effect can run after the end of its game. */
async function auditedBank(banks: readonly BankTable[], fleet: ChaosFleet, findings: Findings): Promise<BankReport> {
  const histories = banks.flatMap((table) => [...table.histories.values()]);
  await until(async () => auditBank(histories, await fleet.payments()).missing === 0, SWEPT_MS, 1_000).catch(() => {});
  const { violations, paid } = auditBank(histories, await fleet.payments());
  for (const violation of violations) findings.violation(violation);
  const { transfers, rewinds } = findings.counts;
  return { games: histories.length, acknowledged: transfers, paid, rewinds };
}

async function sweptClean(fleet: ChaosFleet, findings: Findings): Promise<void> {
  await until(async () => (await roomLeftovers(fleet.client)).length === 0, SWEPT_MS, 1_000).catch(async () => {
    for (const key of await roomLeftovers(fleet.client)) findings.violation(`a key is left over: ${key}`);
  });
  await until(async () => (await ticketLeftovers(fleet.client)).length === 0, SWEPT_MS, 1_000).catch(async () => {
    for (const key of await ticketLeftovers(fleet.client)) findings.violation(`a ticket is left over: ${key}`);
  });
  const hosted = await fleet.hostedRooms().catch(() => -1);
  if (hosted !== 0) findings.violation(`game servers still have ${hosted} rooms in memory`);
}

/** Players of tic-tac-toe, as in `npm run players`. */
class Others {
  readonly tally = new Tally();
  private readonly game: TicTacToeRun | null;

  constructor(
    { others, minutes }: ChaosOptions,
    urls: readonly string[],
    certificate: string | null,
    private readonly findings: Findings,
  ) {
    const options = {
      players: others,
      game: 'tic-tac-toe',
      // The players never reach this limit, because `stop()` ends their games earlier.
      seconds: minutes * 60 + 86_400,
      urls,
      certificate,
      json: true,
      gamesAtOnce: 1,
      thinkMs: OTHERS_THINK_MS,
      pgn: null,
      strict: false,
      encoding: 'binary',
      pairing: 'rooms',
      isFleetKnown: true,
    } as const;
    this.game = others > 0 ? new TicTacToeRun(options, this.tally, { begin: () => {}, at: () => {}, end: () => {} }) : null;
  }

  async run(): Promise<void> {
    // A fleet that accepts no player for half a minute is a violation too.
    await this.game?.run().catch((error: Error) => this.tally.fault(`the players did not play: ${error.message}`));
    for (const fault of this.tally.faults) this.findings.violation(`tic-tac-toe: ${fault}`);
    if (this.tally.lost > 0) this.findings.violation(`tic-tac-toe: ${this.tally.lost} moves lost`);
    if (this.tally.doubled > 0) this.findings.violation(`tic-tac-toe: ${this.tally.doubled} moves doubled`);
  }

  stop(): void {
    this.game?.stop();
  }
}

let lastAcknowledged = 0;

function progressOf({ counts, violationCount }: Findings, _elapsedMs: number): string {
  const rate = ((counts.acknowledged - lastAcknowledged) * 1_000) / PROGRESS_MS;
  lastAcknowledged = counts.acknowledged;
  return `${counts.games} games, ${counts.acknowledged} commands (${rate.toFixed(0)} per second), ${violationCount} violations`;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => process.once('SIGINT', () => resolve()));
}

function clock(ms: number): string {
  const seconds = ms / 1_000;
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${(seconds % 60).toFixed(1).padStart(4, '0')}`;
}

export type { Fault };
