import { seededRandom } from '#libs/room';

/** The strategies that the simulation compares. Each uses only information that a real one could have. */
export const CHOICES = [
  'random',
  'least of stale counts',
  'less of two, stale counts',
  'atomic, ends reported',
  'atomic, ends known',
] as const;
export type Choice = (typeof CHOICES)[number];

export interface Churn {
  readonly servers: number;
  readonly startsPerSecond: number;
  /** Mean lifetime of a room, in ms. Lifetimes are exponential. */
  readonly lifeMs: number;
  /** Interval between two reports of a server, in ms. The servers report one after another. */
  readonly reportMs: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface Balance {
  /** Rooms of the fullest server ÷ average, over the second half of the run. */
  readonly mean: number;
  readonly worst: number;
}

/** Simulates rooms that start and end at random. Measures how much more than its share the fullest server has. */
export function simulateBalance(choice: Choice, churn: Churn): Balance {
  const random = seededRandom(churn.seed);
  const owned = new Array<number>(churn.servers).fill(0);
  /** The number of rooms of each server, as far as the strategy knows it. */
  const seen = new Array<number>(churn.servers).fill(0);
  const ends = new EndQueue();
  const ratios: number[] = [];
  const starts = churn.startsPerSecond * churn.seconds;
  let reports = 0;
  let now = 0;

  for (let start = 0; start < starts; start += 1) {
    now += exponential(random, 1_000 / churn.startsPerSecond);
    for (let due = ends.dueBefore(now); due !== null; due = ends.dueBefore(now)) {
      owned[due] -= 1;
      if (choice === 'atomic, ends known') seen[due] -= 1;
    }
    for (; reports * (churn.reportMs / churn.servers) < now; reports += 1) seen[reports % churn.servers] = owned[reports % churn.servers];
    const server = choose(choice, seen, random);
    owned[server] += 1;
    if (choice.startsWith('atomic')) seen[server] += 1;
    ends.add(now + exponential(random, churn.lifeMs), server);
    if (start > starts / 2) ratios.push((Math.max(...owned) * churn.servers) / ends.size);
  }
  return { mean: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length, worst: Math.max(...ratios) };
}

function choose(choice: Choice, seen: readonly number[], random: () => number): number {
  const any = (): number => Math.floor(random() * seen.length);
  switch (choice) {
    case 'random':
      return any();
    case 'less of two, stale counts': {
      const [one, other] = [any(), any()];
      return seen[one] <= seen[other] ? one : other;
    }
    case 'least of stale counts':
    case 'atomic, ends reported':
    case 'atomic, ends known': {
      const least = Math.min(...seen);
      const ties = seen.flatMap((count, server) => (count === least ? server : []));
      return ties[Math.floor(random() * ties.length)];
    }
  }
}

/** The times at which rooms end, each with its server, as a binary heap by time. */
class EndQueue {
  private readonly heap: { readonly at: number; readonly server: number }[] = [];

  get size(): number {
    return this.heap.length;
  }

  add(at: number, server: number): void {
    const { heap } = this;
    let index = heap.push({ at, server }) - 1;
    for (let parent = (index - 1) >> 1; index > 0 && heap[parent].at > heap[index].at; parent = (index - 1) >> 1) {
      [heap[parent], heap[index]] = [heap[index], heap[parent]];
      index = parent;
    }
  }

  dueBefore(now: number): number | null {
    const { heap } = this;
    if (heap.length === 0 || heap[0].at > now) return null;
    const { server } = heap[0];
    const last = heap.pop() as { at: number; server: number };
    if (heap.length > 0) heap[0] = last;
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let least = index;
      if (left < heap.length && heap[left].at < heap[least].at) least = left;
      if (right < heap.length && heap[right].at < heap[least].at) least = right;
      if (least === index) return server;
      [heap[index], heap[least]] = [heap[least], heap[index]];
      index = least;
    }
  }
}

function exponential(random: () => number, mean: number): number {
  return -Math.log(1 - random()) * mean;
}
