import type { DraftMode, GameDefinition } from './room-rules.js';

/**
 * True when the changes of a game have state patches. The choice of a draft for a single handler does not matter here, so all changes of a
 * room have one form.
 */
export function hasStatePatches({ draft = 'proxy' }: Pick<GameDefinition, 'draft'>): boolean {
  return draft !== 'proxy';
}

/** The sizes of one run on a copy. */
export interface CopyCount {
  /** Number of objects and arrays in the state. */
  readonly parts: number;
  /** Number of objects and arrays that the handler changed. The parents of a changed part count, too. */
  readonly changed: number;
}

/**
 * Chooses what each run of a handler writes to, when the game leaves it to the room. The cost of a copy grows with the state, and that of a
 * proxy with what the handler touches. Both have the same result, so a wrong choice costs only time. The choice depends on counts and not on
 * time, so it is the same on a busy machine.
 */
export class DraftChoice {
  private parts = 0;
  private changed = 0;
  private isKnown = false;
  private runsUntilCopy = 0;

  constructor(private readonly mode: DraftMode) {}

  /** Returns the choice for the next run. */
  next(): Exclude<DraftMode, 'auto'> {
    if (this.mode !== 'auto') return this.mode;
    if (!this.isKnown || this.parts * COPY_NS <= PROXY_NS + this.changed * PROXY_PART_NS) return 'copy';
    // Only a run on a copy shows how much a handler changes, so some runs on a large state use a copy.
    if (this.runsUntilCopy-- > 0) return 'proxy';
    this.runsUntilCopy = Math.max(PROBE_RUNS_MIN, this.parts / PROBE_PARTS);
    return 'copy';
  }

  /** Records the sizes of a run on a copy, for later choices. */
  note({ parts, changed }: CopyCount): void {
    const weight = this.isKnown ? WEIGHT : 1;
    this.parts = parts;
    this.changed += (changed - this.changed) * weight;
    this.isKnown = true;
  }
}

/**
 * Costs in ns, from `npm run bench -- patches`: of a part of the state that is copied and compared, of a run on a proxy, and of a part that
 * this run changes.
 */
const COPY_NS = 50;
const PROXY_NS = 2_000;
const PROXY_PART_NS = 900;
/** Weight of the last run in the moving average of changed parts. */
const WEIGHT = 0.25;
/** Minimum number of runs on a proxy between two runs on a copy. The number is higher for a state with many parts. */
const PROBE_RUNS_MIN = 63;
const PROBE_PARTS = 4;
