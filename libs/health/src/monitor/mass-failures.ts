import type { ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { isMassFailure } from '../evidence/mass-failure.js';
import { MANY_WINDOW_INTERVALS } from '../health.options.js';

/** The state of a server in its monitor, which is newer than the state in the directory. */
export interface MonitoredState {
  readonly isSilent: boolean;
  readonly isUnheard: boolean;
}

/** Counts the servers that fail at the same time, in the whole fleet. Servers that fail together probably have one common cause. */
export class MassFailures {
  /** The times of the evictions by any gateway within the last `MANY_WINDOW_INTERVALS` intervals. */
  private readonly deaths: number[] = [];
  private silence = { at: Number.NaN, isMass: false };

  /**
   * @param others all servers in the directory but this one
   * @param monitorOf the monitor of a server that this process checks
   */
  constructor(
    private readonly intervalMs: number,
    private readonly others: () => readonly ServerRecord[],
    private readonly monitorOf: (id: ServerId) => MonitoredState | undefined,
  ) {}

  recordDeath(now: number): void {
    this.deaths.push(now);
  }

  /** Returns whether too many servers are silent or died recently. Counts the servers at most once per tick, for all calls in this tick. */
  isMassSilence(now: number): boolean {
    if (this.silence.at !== now) this.silence = { at: now, isMass: this.countSilence(now) };
    return this.silence.isMass;
  }

  /** Returns whether too many servers answer on their links but not through Redis. */
  isMassUnheard(): boolean {
    const living = this.living();
    return isMassFailure(living.filter(({ id, unheard }) => this.monitorOf(id)?.isUnheard ?? unheard).length, living.length);
  }

  private countSilence(now: number): boolean {
    const windowMs = MANY_WINDOW_INTERVALS * this.intervalMs;
    while (now - (this.deaths[0] ?? now) > windowMs) this.deaths.shift();
    const living = this.living();
    const silent = living.filter(({ id, suspect, unheard }) => this.monitorOf(id)?.isSilent ?? (suspect > 0 && !unheard)).length;
    return isMassFailure(silent + this.deaths.length, living.length + this.deaths.length);
  }

  private living(): ServerRecord[] {
    return this.others().filter(({ state }) => state !== 'dead');
  }
}
