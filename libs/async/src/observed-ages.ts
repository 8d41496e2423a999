interface Observed {
  readonly value: string | number;
  /** The time of the first observation of `value`, in ms of the clock. */
  readonly since: number;
}

/**
 * Measures for how long this process has observed the same value, by the monotonic clock. A stored time does not show the age, because
 * somebody may have changed the clock of the computer that wrote it. All ages are 0 when a process starts, so the process can act late but
 * never too early.
 *
 * @example for (const room of rooms) if (ages.ageMs(room.id, room.rev) > IDLE_MS) await close(room); ages.nextRound();
 */
export class ObservedAges {
  private before = new Map<string, Observed>();
  private now = new Map<string, Observed>();

  /** @param clock a time that never runs backward, in ms; by default the monotonic clock of this process */
  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Records the value of the key in this round. Returns the time since the first observation of this value, in ms. */
  ageMs(key: string, value: string | number): number {
    const at = this.clock();
    const known = this.now.get(key) ?? this.before.get(key);
    const observed = known?.value === value ? known : { value, since: at };
    this.now.set(key, observed);
    return at - observed.since;
  }

  /** Ends the round. Forgets the keys that the round did not observe. */
  nextRound(): void {
    this.before = this.now;
    this.now = new Map();
  }
}
