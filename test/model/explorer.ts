import { Random } from './random.js';

/** A model that can be explored: its states, and the steps from each state. */
export interface Model<State, Rules> {
  stepsOf(state: State, rules: Rules): readonly Step<State>[];
  /** Returns the violation of an invariant in this state, as a sentence. Null: the state violates no invariant. */
  violationOf(state: State, rules: Rules): string | null;
  /** Returns whether this state is the goal: all requests are answered, and no server has pending work. */
  isGoal(state: State): boolean;
  /** Returns the hash of a state. The explorer treats two states with equal hashes as one state. */
  hashOf(state: State): number;
}

export interface Step<State> {
  readonly label: string;
  /** True: the step is a fault or an optional action. From every state, the goal must be reachable without further steps of this kind. */
  readonly isFault: boolean;
  readonly next: State;
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Whether the explorer visited every reachable state. Only a complete run proves that no state is stuck. */
  readonly isComplete: boolean;
  /** Number of states from which the goal cannot be reached without a further fault. */
  readonly stuck: number;
  /** The first violation, with a shortest trace to it. Null: the explorer found no violation. */
  readonly counterExample: CounterExample | null;
}

export interface CounterExample {
  readonly violation: string;
  readonly trace: readonly string[];
}

/**
 * Explores all states breadth first, so that the trace to the first violation is as short as possible. Compares states by a 53-bit hash.
 * Two states with equal hashes count as one. Among a million states the probability of this is below 1 in 10,000.
 */
export function explore<State, Rules>(model: Model<State, Rules>, initial: State, rules: Rules, statesMax: number): Exploration {
  const { stepsOf, violationOf, isGoal, hashOf } = model;
  const ids = new Map<number, number>([[hashOf(initial), 0]]);
  const parents = [-1];
  const choices = [-1];
  const queue: (State | null)[] = [initial];
  /** The steps that are not faults, each as two state ids: from, to. */
  const edges: number[] = [];
  const goals: number[] = [];
  let transitions = 0;
  let at = 0;
  for (; at < queue.length && at < statesMax; at++) {
    const state = queue[at] as State;
    queue[at] = null;
    const violation = violationOf(state, rules);
    if (violation)
      return {
        states: at + 1,
        transitions,
        isComplete: false,
        stuck: 0,
        counterExample: { violation, trace: traceTo(at, parents, choices, initial, (state) => stepsOf(state, rules)) },
      };
    if (isGoal(state)) goals.push(at);
    for (const [choice, { next, isFault }] of stepsOf(state, rules).entries()) {
      transitions += 1;
      const hash = hashOf(next);
      let id = ids.get(hash);
      if (id === undefined) {
        id = queue.length;
        ids.set(hash, id);
        queue.push(next);
        parents.push(at);
        choices.push(choice);
      }
      if (!isFault) edges.push(at, id);
    }
  }
  const isComplete = at === queue.length;
  const stuck = isComplete ? unable(queue.length, edges, goals) : [];
  const counterExample =
    stuck.length > 0
      ? {
          violation: 'the room is stuck: no way to the goal without a further fault',
          trace: traceTo(stuck[0], parents, choices, initial, (state) => stepsOf(state, rules)),
        }
      : null;
  return { states: at, transitions, isComplete, stuck: stuck.length, counterExample };
}

export interface Walks {
  readonly walks: number;
  readonly steps: number;
  readonly counterExample: CounterExample | null;
}

/**
 * Takes random walks until `until` returns true. A walk contains many more faults than a full exploration can try. After 60 steps the walk
 * has no more faults, and must reach the goal. Returns the number of walks, the number of steps, and the first violation.
 */
export function walk<State, Rules>(
  { stepsOf, violationOf, isGoal }: Model<State, Rules>,
  initial: State,
  rules: Rules,
  seed: number,
  until: (walks: number) => boolean,
): Walks {
  const random = new Random(seed);
  let walks = 0;
  let steps = 0;
  for (; !until(walks); walks++) {
    let state = initial;
    const trace: string[] = [];
    for (let length = 0; ; length++) {
      const violation = violationOf(state, rules);
      if (violation) return { walks, steps, counterExample: { violation, trace } };
      const mayFail = length < FAULTS_WITHIN;
      if (!mayFail && isGoal(state)) break;
      if (length > GOAL_WITHIN) return { walks, steps, counterExample: { violation: `not at the goal after ${GOAL_WITHIN} steps`, trace } };
      const all = stepsOf(state, rules);
      const harmless = all.filter(({ isFault }) => !isFault);
      const isTrouble = mayFail && harmless.length < all.length && (harmless.length === 0 || random.int(4) === 0);
      const choices = isTrouble ? all.filter(({ isFault }) => isFault) : harmless;
      if (choices.length === 0) break;
      const chosen = random.of(choices);
      trace.push(chosen.label);
      state = chosen.next;
      steps += 1;
    }
    if (!isGoal(state)) return { walks, steps, counterExample: { violation: 'the room is stuck', trace } };
  }
  return { walks, steps, counterExample: null };
}

const FAULTS_WITHIN = 60;
const GOAL_WITHIN = 3_000;

/** Returns the states from which the goal cannot be reached. */
function unable(count: number, edges: readonly number[], goals: readonly number[]): number[] {
  const starts = new Uint32Array(count + 1);
  for (let at = 1; at < edges.length; at += 2) starts[edges[at] + 1] += 1;
  for (let at = 0; at < count; at++) starts[at + 1] += starts[at];
  const sources = new Uint32Array(edges.length / 2);
  const fill = starts.slice();
  for (let at = 0; at < edges.length; at += 2) sources[fill[edges[at + 1]]++] = edges[at];
  const isAble = new Uint8Array(count);
  const open = [...goals];
  for (const goal of goals) isAble[goal] = 1;
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (let at = starts[id]; at < starts[id + 1]; at++) {
      if (isAble[sources[at]]) continue;
      isAble[sources[at]] = 1;
      open.push(sources[at]);
    }
  }
  const stuck: number[] = [];
  isAble.forEach((able, id) => {
    if (!able) stuck.push(id);
  });
  return stuck;
}

/**
 * Returns the trace to a state. The explorer stores only the parent of each state and the number of the step. So this function repeats the
 * steps from the initial state.
 */
function traceTo<State>(
  id: number,
  parents: readonly number[],
  choices: readonly number[],
  initial: State,
  stepsOf: (state: State) => readonly Step<State>[],
): string[] {
  const path: number[] = [];
  for (let at = id; at > 0; at = parents[at]) path.unshift(choices[at]);
  let state = initial;
  return path.map((choice) => {
    const { label, next } = stepsOf(state)[choice];
    state = next;
    return label;
  });
}

const partHashes = new WeakMap<object, number>();

/** Returns the hash of a part of a state. Caches the hash by object, because a step replaces only a few parts. */
export function partHashOf(part: object): number {
  let hash = partHashes.get(part);
  if (hash === undefined) {
    hash = cyrb53(JSON.stringify(part));
    partHashes.set(part, hash);
  }
  return hash;
}

/** Stores `Math.imul` in a constant, because Jest makes the lookup of globals slow. `cyrb53` calls this function for each character. */
const { imul } = Math;

export function cyrb53(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = imul(high ^ code, 2654435761);
    low = imul(low ^ code, 1597334677);
  }
  high = imul(high ^ (high >>> 16), 2246822507) ^ imul(low ^ (low >>> 13), 3266489909);
  low = imul(low ^ (low >>> 16), 2246822507) ^ imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
