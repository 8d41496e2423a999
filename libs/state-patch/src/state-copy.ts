import type { RoundingTree } from './rounding-tree.js';
import { StepDiff, type StepResult } from './step-diff.js';
import { TrackedCopy } from './tracked-copy.js';

/** A copy of a state that a caller may edit. Afterwards, the copy is compared with the state. */
export interface StateCopy<T> {
  readonly draft: T;
  /** Number of objects and arrays in the state. */
  readonly parts: number;
  /**
   * Returns the next state and the patch from the old to the next state. The next state shares unchanged parts with the old state, and
   * nothing with the draft. It has 0 instead of -0, and its changed numbers are rounded.
   *
   * @returns null when this fast comparison cannot compare the draft with the state, for example because the draft is not plain data; the
   * caller must then use `encodePatch`, which compares any two values
   */
  step(rounding: RoundingTree | null): StepResult<T> | null;
}

const differ = /* @__PURE__ */ new StepDiff();
/** Earlier copies whose lists are reused. There are several when a caller makes a copy while it uses another one. */
const spare: TrackedCopy[] = [];

/**
 * Makes a deep copy of a state, calls `use` with the copy, and returns the result of `use`. Copies only plain data, and is faster than
 * `structuredClone`.
 *
 * @throws StatePatchError when the state has a key that plain data cannot have; and what `use` throws
 */
export function withStateCopy<T, Result>(state: T, use: (copy: StateCopy<T>) => Result): Result {
  const tracked = spare.pop() ?? new TrackedCopy();
  try {
    return use(new EditedCopy(state, tracked));
  } finally {
    tracked.end();
    spare.push(tracked);
  }
}

class EditedCopy<T> implements StateCopy<T> {
  readonly draft: T;

  constructor(
    private readonly state: T,
    private readonly tracked: TrackedCopy,
  ) {
    this.draft = tracked.begin(state);
  }

  get parts(): number {
    return this.tracked.count;
  }

  step(rounding: RoundingTree | null): StepResult<T> | null {
    return differ.step(this.state, this.tracked, rounding);
  }
}
