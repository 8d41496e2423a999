import type { Blender, Offset } from './blend.js';

/** The time in which a correction shrinks to 1/e, in ms. After 100 ms 8 % of it remain. */
const DECAY_MS = 40;
/** A correction ends when less than this part of it remains. */
const PART_MIN = 0.002;

/** Moves what is displayed from where it was to where it should be, without a jump. */
export class Correction<Entity extends object> {
  private offset: Offset | null = null;
  private since = 0;

  /** @param jumpOver a longer correction is shown at once, because a slide over it would be worse than a jump */
  constructor(
    private readonly blender: Blender<Entity>,
    private readonly jumpOver: number,
  ) {}

  /** Starts a correction: `shown` was displayed, and without a correction `actual` would be. Returns its length. */
  begin(shown: Entity, actual: Entity, now: number): number {
    const offset = this.blender.offset(shown, actual);
    const length = this.blender.length(offset);
    this.offset = length > this.jumpOver ? null : offset;
    this.since = now;
    return length;
  }

  clear(): void {
    this.offset = null;
  }

  /** Adds the rest of the correction to `actual`, in place. */
  apply(actual: Entity, now: number): Entity {
    if (!this.offset) return actual;
    const part = Math.exp(-Math.max(now - this.since, 0) / DECAY_MS);
    if (part < PART_MIN) {
      this.offset = null;
      return actual;
    }
    return this.blender.add(actual, this.offset, part);
  }
}
