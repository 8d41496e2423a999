import { Pauses } from './pauses.js';

const VIOLATIONS_KEPT = 50;

/** The counts and violations of a run. The simulated players, the faults and the checks record them here. */
export class Findings {
  readonly counts = {
    rooms: 0,
    games: 0,
    acknowledged: 0,
    refused: 0,
    events: 0,
    missed: 0,
    late: 0,
    absent: 0,
    reconnections: 0,
    evictions: 0,
    transfers: 0,
    rewinds: 0,
  };
  /** For each code, the number of commands and requests of players that were answered with this code. */
  readonly codes = new Map<string, number>();
  readonly violations: string[] = [];
  violationCount = 0;
  readonly pauses = new Pauses();

  constructor(
    private readonly tell: (violation: string) => void,
    /** Reads the record of a room in Redis, for the text of a violation. */
    readonly recordOf: (room: string) => Promise<string>,
  ) {}

  violation(sentence: string): void {
    this.violationCount += 1;
    if (this.violations.length >= VIOLATIONS_KEPT) return;
    this.violations.push(sentence);
    this.tell(sentence);
  }

  count(code: string): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }
}
