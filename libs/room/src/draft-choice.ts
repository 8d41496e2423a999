import type { DraftMode, GameDefinition } from './room-rules.js';

/**
 * True when the changes of a game have state patches. They do not depend on what the room chooses for a single handler, so that its log has
 * one form.
 */
export function hasStatePatches({ draft = 'proxy' }: Pick<GameDefinition, 'draft'>): boolean {
  return draft !== 'proxy';
}

/** The sizes of one run on a copy. */
export interface CopyCount {
  /** Number of objects and arrays in the state. */
  readonly parts: number;
  /** Number of those that the handler changed, with all their parents. */
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
    // Only a copy shows how much a handler changes, so some runs of a large state use one.
    if (this.runsUntilCopy-- > 0) return 'proxy';
    this.runsUntilCopy = Math.max(PROBE_RUNS_MIN, this.parts / PROBE_PARTS);
    return 'copy';
  }

  /** Notes the sizes of a run on a copy. */
  note({ parts, changed }: CopyCount): void {
    const weight = this.isKnown ? WEIGHT : 1;
    this.parts = parts;
    this.changed += (changed - this.changed) * weight;
    this.isKnown = true;
  }
}

/** Costs in ns, from `npm run bench -- patches`: of a copied and compared part, of a run on a proxy, and of a changed part in it. */
const COPY_NS = 50;
const PROXY_NS = 2_000;
const PROXY_PART_NS = 900;
/** Share of the last run in the average of changed parts. */
const WEIGHT = 0.25;
/** Minimum number of runs on a proxy between two copies. For a state with many parts, the number is higher. */
const PROBE_RUNS_MIN = 63;
const PROBE_PARTS = 4;
