import { type CounterExample, type Exploration, explore, walk } from './explorer.js';
import { BEFORE, beginningOf, RECORD_PROTOCOL, type Rules, whyNotYet } from './record-protocol.js';
import {
  LONG_RECORD_SCENARIOS,
  RECORD_MUTANTS,
  RECORD_SCENARIOS,
  RECORD_WALKS,
  REPORTED,
  type RecordScenario,
} from './record-scenarios.js';

/**
 * True when `npm run model` runs this file. The file then has more scenarios and more walks than in other test runs, and each test prints
 * its number of states or steps.
 */
const isLong = process.env.MODEL_LONG !== undefined;
const STATES_MAX = isLong ? 3_000_000 : 60_000;
const SOUND_STATES_MAX = 200_000;
const WALKS_A_SCENARIO = isLong ? 3_000 : 100;
const SEED = Number(process.env.MODEL_SEED ?? 1);

const say = (line: string): void => {
  if (isLong) process.stdout.write(`${line}\n`);
};

function textOf(found: CounterExample | null): string {
  return found ? [found.violation, ...found.trace.map((label, at) => `  ${at + 1}. ${label}`)].join('\n') : '';
}

function run(scenario: Omit<RecordScenario, 'name'>, rules: Rules = {}, statesMax = STATES_MAX): Exploration {
  return explore(RECORD_PROTOCOL, beginningOf(scenario), rules, statesMax);
}

describe('the model of the room record', () => {
  it.each(isLong ? [...RECORD_SCENARIOS, ...LONG_RECORD_SCENARIOS] : RECORD_SCENARIOS)(
    'violates no rule in any reachable state when $name',
    (scenario) => {
      const found = run(scenario);
      say(`${found.states} states, ${found.transitions} transitions${found.isComplete ? '' : ' (not all)'}: ${scenario.name}`);
      expect(textOf(found.counterExample)).toBe('');
      expect(found.isComplete).toBe(true);
    },
    600_000,
  );

  it.each(RECORD_WALKS)(
    'violates no rule on random walks with $name',
    (scenario) => {
      const { walks, steps, counterExample } = walk(RECORD_PROTOCOL, beginningOf(scenario), {}, SEED, (done) => done >= WALKS_A_SCENARIO);
      say(`${walks} walks, ${steps} steps: ${scenario.name}`);
      expect(textOf(counterExample)).toBe('');
    },
    600_000,
  );
});

describe('without the rules for a store that falls back, the explorer finds the defect that', () => {
  it.each(REPORTED)(
    '$name',
    ({ breaks, ...scenario }) => {
      const { states, counterExample } = run(scenario, BEFORE);
      say(`\n${scenario.name} (${states} states): ${textOf(counterExample)}`);
      expect(counterExample?.violation).toMatch(breaks);
      if (isLong) expect(textOf(run(scenario).counterExample)).toBe('');
    },
    600_000,
  );
});

describe('the explorer finds a violation when the model does not follow the rule that', () => {
  it.each(RECORD_MUTANTS)(
    '$without',
    ({ rule, breaks, scenario }) => {
      const { states, counterExample } = run(scenario, { [rule]: true });
      say(`\nwithout ${rule} (${states} states): ${textOf(counterExample)}`);
      expect(counterExample?.violation).toMatch(breaks);
      // With the rule, the explored part of the same scenario has no violation. So the violation is not a defect of the model.
      if (isLong) expect(textOf(run(scenario, {}, SOUND_STATES_MAX).counterExample)).toBe('');
    },
    600_000,
  );
});

describe('a scenario of the room record', () => {
  it('is in a goal state before its first step', () => {
    expect(whyNotYet(beginningOf(RECORD_SCENARIOS[1]))).toBeNull();
  });
});
