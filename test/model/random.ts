import { seededRandom } from '#libs/room';

/** Generates random numbers from a seed. The same seed always gives the same numbers. */
export class Random {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** Returns a whole number from 0 to `below` - 1. */
  int(below: number): number {
    return (this.next() * 2 ** 32) % below;
  }

  of<T>(items: readonly T[]): T {
    return items[this.int(items.length)];
  }
}
