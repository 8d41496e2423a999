import { type CounterExample, explore, walk } from './explorer.js';
import { ROOM_PROTOCOL } from './invariants.js';
import { beginningOf, LONG_SCENARIOS, MUTANTS, SCENARIOS, WALKS } from './scenarios.js';

/**
 * True when `npm run model` runs this file. The file then has more scenarios and more walks than in other test runs, and each test prints
 * its number of states or steps.
 */
const isLong = process.env.MODEL_LONG !== undefined;
const STATES_MAX = isLong ? 3_000_000 : 60_000;
const WALKS_A_SCENARIO = isLong ? 4_000 : 600;

/** Each seed gives different random walks. */
const SEED = Number(process.env.MODEL_SEED ?? 1);

const say = (line: string): void => {
  if (isLong) process.stdout.write(`${line}\n`);
};

function textOf(found: CounterExample | null): string {
  return found ? [found.violation, ...found.trace.map((label, at) => `  ${at + 1}. ${label}`)].join('\n') : '';
}

describe('the model of the room protocol', () => {
  it.each(isLong ? [...SCENARIOS, ...LONG_SCENARIOS] : SCENARIOS)(
    'violates no rule in any reachable state when $name',
    (scenario) => {
      const found = explore(ROOM_PROTOCOL, beginningOf(scenario), { store: scenario.store }, STATES_MAX);
      say(`${found.states} states, ${found.transitions} transitions${found.isComplete ? '' : ' (not all)'}: ${scenario.name}`);
      expect(textOf(found.counterExample)).toBe('');
      expect(found.isComplete).toBe(true);
    },
    600_000,
  );

  it.each(WALKS)(
    'violates no rule on random walks with $name',
    (scenario) => {
      const { walks, steps, counterExample } = walk(
        ROOM_PROTOCOL,
        beginningOf(scenario),
        { store: scenario.store },
        SEED,
        (done) => done >= WALKS_A_SCENARIO,
      );
      say(`${walks} walks, ${steps} steps: ${scenario.name}`);
      expect(textOf(counterExample)).toBe('');
    },
    600_000,
  );
});

describe('the explorer finds a violation when the model does not follow the rule that', () => {
  it.each(MUTANTS)(
    '$without',
    ({ rule, without, breaks, scenario }) => {
      const { states, counterExample } = explore(
        ROOM_PROTOCOL,
        beginningOf({ name: rule, ...scenario }),
        { store: scenario.store, [rule]: true },
        STATES_MAX,
      );
      say(`\nwithout "${without}" (${states} states): ${textOf(counterExample)}`);
      expect(counterExample?.violation).toMatch(breaks);
      // With the rule, the same scenario has no violation. So the violation comes from the missing rule, and not from a defect of the
      // model.
      if (isLong)
        expect(
          explore(ROOM_PROTOCOL, beginningOf({ name: rule, ...scenario }), { store: scenario.store }, STATES_MAX).counterExample,
        ).toBeNull();
    },
    600_000,
  );
});
