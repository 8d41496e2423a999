import { Random } from './random.js';

/** What is explored: a value and all steps that may come next. */
export interface Model<State, Rules> {
  stepsOf(state: State, rules: Rules): readonly Step<State>[];
  /** What is broken in this state, in a sentence; null: nothing. */
  violationOf(state: State, rules: Rules): string | null;
  /** All is well and nothing is under way. */
  isGoal(state: State): boolean;
  /** Of two states that are the same it is the same. */
  hashOf(state: State): number;
}

export interface Step<State> {
  readonly label: string;
  /** Something that goes wrong, or that somebody wants: it need not happen for the room to go on. */
  readonly isFault: boolean;
  readonly next: State;
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Every reachable state was seen, so that nothing being stuck is proved. */
  readonly isComplete: boolean;
  /** States from which the goal cannot be reached without a further fault. */
  readonly stuck: number;
  /** What broke, and the shortest way there; null: nothing. */
  readonly counterExample: CounterExample | null;
}

export interface CounterExample {
  readonly violation: string;
  readonly trace: readonly string[];
}

/**
 * Breadth first through all states, so that the first violation is a shortest one. States are known by a 53-bit hash:
 * among a million of them, two of the same hash (one of which would then not be explored) are less likely than 1 in 10,000.
 */
export function explore<State, Rules>(model: Model<State, Rules>, initial: State, rules: Rules, statesMax: number): Exploration {
  const { stepsOf, violationOf, isGoal, hashOf } = model;
  const ids = new Map<number, number>([[hashOf(initial), 0]]);
  const parents = [-1];
  const choices = [-1];
  const queue: (State | null)[] = [initial];
  /** Pairs: from, to. Only of steps that are no faults. */
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

/** Random ways through far more faults than can be explored in full; each must come to the goal once the faults end. */
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

/** The states that no goal can be reached from. */
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

/** Each state keeps its parent and which of the parent's steps led to it; the way is walked again from these. */
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

/** A step changes few parts of a state, and the others are the very same objects as before. */
export function partHashOf(part: object): number {
  let hash = partHashes.get(part);
  if (hash === undefined) {
    hash = cyrb53(JSON.stringify(part));
    partHashes.set(part, hash);
  }
  return hash;
}

/** Looking up a global is slow where Jest runs code, and this is done for every letter. */
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
