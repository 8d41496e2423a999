import { simulateQuality } from '../matchmaking/quality.js';
import {
  defaultRule,
  firstComeRule,
  isCompatibleByDefault,
  isWithin100,
  type QueueRule,
  queueRoomRule,
  RATES,
} from '../matchmaking/rules.js';
import { measureSpeed, measureWholeQueue, TICKETS_PER_SECOND } from '../matchmaking/speed.js';
import { queueBench } from '../matchmaking-queue.js';
import type { Report, Section } from '../section.js';

/** Numbers of waiting tickets. */
const WAITING = [1_000, 10_000, 100_000] as const;
const ROUNDS = 100;
const ROUNDS_QUICK = 20;

/** The simulated time: enough for some hundred matches of the slowest rate. */
const SECONDS = 7_200;
const SECONDS_QUICK = 1_800;
const SEED = 1_851;

/** The rules that are compared. Each simulation needs new ones, because they have a memory. */
export const QUEUE_RULES: readonly (() => QueueRule)[] = [
  defaultRule,
  firstComeRule,
  () => queueRoomRule('QueueRoom', isCompatibleByDefault),
  () => queueRoomRule('QueueRoom within 100', isWithin100),
];

export const matchmaking: Section = {
  name: 'matchmaking',
  about: `the decision which of the waiting tickets play together, with ${TICKETS_PER_SECOND} tickets a second; and the quality of its matches, compared with other rules`,
  async run(report, { quick }) {
    for (const waiting of WAITING) reportSpeed(report, waiting, quick ? ROUNDS_QUICK : ROUNDS);
    for (const rate of RATES) for (const makeRule of QUEUE_RULES) reportQuality(report, makeRule(), rate, quick ? SECONDS_QUICK : SECONDS);
    await queueBench(report, { quick });
  },
};

function reportSpeed(report: Report, waiting: number, rounds: number): void {
  for (const kind of ['backlog', 'unmatchable'] as const) {
    const head = `${waiting} waiting, ${kind}`;
    const { roundP50, roundP99, ticketsPerSecond, matchP50, matchP99 } = measureSpeed(kind, waiting, rounds);
    report(`${head}: CPU of a round, p50`, roundP50, 'ms');
    report(`${head}: CPU of a round, p99`, roundP99, 'ms', { atMost: 1_000 });
    report(`${head}: matched for each second of CPU`, ticketsPerSecond, 'tickets/s', { atLeast: TICKETS_PER_SECOND });
    report(`${head}: time to a match, p50`, matchP50, 'ms');
    report(`${head}: time to a match, p99`, matchP99, 'ms');
  }
  const { ms, matched } = measureWholeQueue(waiting, 5);
  report(`${waiting} waiting: a first round that matches ${matched} of them`, ms, 'ms CPU');
}

function reportQuality(report: Report, rule: QueueRule, rate: number, seconds: number): void {
  const { spread, waitP50, waitP95, waitMax } = simulateQuality(rule, rate, seconds, SEED);
  report(`${rate} players/s, ${rule.name}: spread of ratings in a match`, spread, 'points');
  report(`${rate} players/s, ${rule.name}: waiting, p50`, waitP50, 's');
  report(`${rate} players/s, ${rule.name}: waiting, p95`, waitP95, 's');
  report(`${rate} players/s, ${rule.name}: waiting, longest`, waitMax, 's');
}
