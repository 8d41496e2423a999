import type { DraftMode, GameDefinition } from './room-rules.js';

/**
 * True when the changes of a game have state patches. Does not depend on the draft of a single handler, so all changes of a room have one
 * form.
 */
export function hasStatePatches({ draft = 'proxy' }: Pick<GameDefinition, 'draft'>): boolean {
  return draft !== 'proxy';
}

/** The sizes that the room has counted in one run of a handler on a copy of the state. */
export interface CopyCount {
  /** Number of objects and arrays in the state. */
  readonly parts: number;
  /** Number of objects and arrays that the handler changed, including their parents. */
  readonly changed: number;
}

/**
 * Chooses the draft for each run of a handler: a copy or a proxy. The cost of a copy grows with the state, and the cost of a proxy with the
 * parts that the handler touches. Both drafts have the same result, so a wrong choice costs only time. The choice depends on counts and not
 * on time, so it is the same on a busy machine.
 */
export class DraftChoice {
  private parts = 0;
  private changed = 0;
  private isKnown = false;
  private runsUntilCopy = 0;

  constructor(private readonly mode: DraftMode) {}

  /** Returns the kind of draft, `copy` or `proxy`, for the next run of a handler. */
  next(): Exclude<DraftMode, 'auto'> {
    if (this.mode !== 'auto') return this.mode;
    if (!this.isKnown || this.parts * COPY_NS <= PROXY_NS + this.changed * PROXY_PART_NS) return 'copy';
    // Some runs on a large state use a copy, because only a run on a copy shows how much a handler changes.
    if (this.runsUntilCopy-- > 0) return 'proxy';
    this.runsUntilCopy = Math.max(PROBE_RUNS_MIN, this.parts / PROBE_PARTS);
    return 'copy';
  }

  /** Records the sizes that a run on a copy has shown, for later choices. */
  note({ parts, changed }: CopyCount): void {
    const weight = this.isKnown ? WEIGHT : 1;
    this.parts = parts;
    this.changed += (changed - this.changed) * weight;
    this.isKnown = true;
  }
}

/**
 * Costs in ns, from `npm run bench -- patches`: of one part of the state that is copied and compared, of one run on a proxy, and of one
 * part that such a run changes.
 */
const COPY_NS = 50;
const PROXY_NS = 2_000;
const PROXY_PART_NS = 900;
/** Weight of the last run in the moving average of changed parts. */
const WEIGHT = 0.25;
/** Minimum number of runs on a proxy between two runs on a copy. The number is higher for a state with many parts. */
const PROBE_RUNS_MIN = 63;
const PROBE_PARTS = 4;
