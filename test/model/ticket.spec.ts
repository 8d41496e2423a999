import { type CounterExample, type Exploration, explore } from './explorer.js';
import { beginningOf, type Rules, TICKET_PROTOCOL } from './ticket-protocol.js';

/**
 * True when `npm run model` runs this file. Each scenario then has one more fault than in other test runs, and each test prints its number
 * of states.
 */
const isLong = process.env.MODEL_LONG !== undefined;
const STATES_MAX = isLong ? 1_500_000 : 120_000;

const SCENARIOS = [
  { name: 'two players and two lobbies', searchers: ['a', 'b'], lobbies: 2, faults: isLong ? 3 : 2 },
  { name: 'a party and two players', searchers: ['ab', 'c', 'd'], lobbies: 2, faults: isLong ? 2 : 1 },
];

const MUTANTS: readonly [keyof Rules, RegExp][] = [
  ['ignoresFence', /a lobby that lost the rounds commits/],
  ['ignoresChanges', /who is in none of its tickets/],
  ['ignoresHolds', /is in two matches/],
  ['commitsPart', /who is in none of its tickets/],
  ['storesNoMatch', /is lost/],
  ['finishesFirst', /is lost/],
  ['dissolvesMaking', /is in two matches|ended, and is in the room/],
  ['cancelsHeld', /was told that .* ended, and is in the room/],
  ['newRoomIds', /is in two matches/],
];

const run = (scenario: Parameters<typeof beginningOf>[0], rules: Rules = {}): Exploration =>
  explore(TICKET_PROTOCOL, beginningOf(scenario), rules, STATES_MAX);

function textOf(found: CounterExample | null): string {
  return found ? [found.violation, ...found.trace.map((label, at) => `  ${at + 1}. ${label}`)].join('\n') : '';
}

function report(line: string): void {
  if (isLong) process.stdout.write(`${line}\n`);
}

describe('the tickets in the model of a queue whose lobbies die', () => {
  it.each(SCENARIOS)(
    'are never lost, and never in two matches: $name',
    ({ name, ...scenario }) => {
      const { states, transitions, stuck, isComplete, counterExample } = run(scenario);
      report(`${states} states, ${transitions} transitions: ${name}`);
      expect(textOf(counterExample)).toBe('');
      expect(isComplete).toBe(true);
      expect(stuck).toBe(0);
    },
    600_000,
  );

  it.each(MUTANTS)(
    'violate an invariant of the model when the lobbies have the deliberate fault %s',
    (rule, violation) => {
      const found = SCENARIOS.map((scenario) => run({ ...scenario, faults: 2 }, { [rule]: true })).find(
        ({ counterExample }) => counterExample,
      );
      report(`\n${rule} (${found?.states} states): ${textOf(found?.counterExample ?? null)}`);
      expect(found?.counterExample?.violation).toMatch(violation);
    },
    600_000,
  );
});
