import type { Blender, Offset } from './blend.js';

/** The time constant of the spring, in ms. 15 % of a correction remain after 100 ms, and 1 % after 200 ms. */
const SPRING_MS = 30;
/** Duration of a correction, in ms. */
const END_MS = 10 * SPRING_MS;

/**
 * Moves a displayed entity to its correct place, without a sudden change of its place or speed. The distance decreases as with a critically
 * damped spring. (T. Lowe, "Critically Damped Ease-In/Ease-Out Smoothing", Game Programming Gems 4, 2004.)
 */
export class Correction<Entity extends object> {
  private offset: Offset | null = null;
  /** The speed of the offset at the start of the correction, in units of the game per ms. */
  private velocity: Offset = {};
  private since = 0;

  /**
   * @param jumpOver maximum length of a correction that is smoothed, in the units of the game; a longer slide would look worse than a jump
   */
  constructor(
    private readonly blender: Blender<Entity>,
    private readonly jumpOver: number,
  ) {}

  /**
   * Starts a correction. `shown`: the last displayed value of the entity. `actual`: the value that would be displayed without a correction.
   */
  begin(shown: Entity, actual: Entity, now: number): void {
    const offset = this.blender.offset(shown, actual);
    this.velocity = this.velocityAt(now);
    this.offset = this.blender.length(offset) > this.jumpOver ? null : offset;
    this.since = now;
  }

  clear(): void {
    this.offset = null;
  }

  /** Adds the rest of the correction to `actual`, in place. Changes nothing when no correction is in progress. */
  apply(actual: Entity, now: number): Entity {
    const { offset, velocity } = this;
    if (!offset) return actual;
    const t = Math.max(now - this.since, 0);
    if (t > END_MS) this.offset = null;
    const rest: Offset = {};
    const decay = Math.exp(-t / SPRING_MS);
    for (const key of Object.keys(offset)) {
      const x = offset[key] as number;
      rest[key] = (x + ((velocity[key] ?? 0) + x / SPRING_MS) * t) * decay;
    }
    return this.blender.add(actual, rest);
  }

  private velocityAt(now: number): Offset {
    const { offset, velocity } = this;
    const at: Offset = {};
    const t = Math.max(now - this.since, 0);
    const decay = Math.exp(-t / SPRING_MS);
    for (const key of Object.keys(offset ?? {})) {
      const v = velocity[key] ?? 0;
      at[key] = (v - ((v + ((offset as Offset)[key] as number) / SPRING_MS) * t) / SPRING_MS) * decay;
    }
    return at;
  }
}
