export interface ScaleThresholds {
  /** Percentage of used slots above which more game servers are wanted. */
  readonly upAtPercent: number;
  /** Percentage of used slots below which fewer game servers are wanted. */
  readonly downAtPercent: number;
}

export interface GameServerLoad {
  readonly rooms: number;
  readonly capacity: number;
  /**
   * `leaving`: the server migrates its rooms to other servers and then stops. `cordoned`: the server keeps its rooms but takes no new
   * rooms.
   */
  readonly status: 'open' | 'cordoned' | 'leaving';
}

/**
 * Returns the number of game servers that the fleet needs now. Pure. While the percentage of used slots is between the thresholds, returns
 * the current number. Otherwise returns the number that brings the percentage to the middle between the thresholds, so that the fleet does
 * not alternate between growing and shrinking. Never returns zero, because the first game needs a server. The number includes cordoned
 * servers, because an autoscaler counts them as running.
 */
export function wantedServers(servers: readonly GameServerLoad[], { upAtPercent, downAtPercent }: ScaleThresholds): number {
  const open = servers.filter(({ status }) => status === 'open');
  const cordoned = servers.filter(({ status }) => status === 'cordoned').length;
  const slots = sum(open.map(({ capacity }) => capacity));
  if (slots === 0) return cordoned + Math.max(1, open.length);
  const taken = sum(servers.filter(({ status }) => status !== 'cordoned').map(({ rooms }) => rooms));
  const takenPercent = (100 * taken) / slots;
  const slotsEach = slots / open.length;
  const needed = Math.ceil(taken / ((slotsEach * (upAtPercent + downAtPercent)) / 200));
  if (takenPercent > upAtPercent) return cordoned + Math.max(open.length + 1, needed);
  if (takenPercent < downAtPercent) return cordoned + Math.max(1, Math.min(open.length, needed));
  return cordoned + open.length;
}

/**
 * Stabilizes the number of wanted game servers: the result is the maximum of all samples within a window. So the result grows immediately,
 * and falls only after a whole window of lower samples. It never falls in the first window, because a new gateway does not know the earlier
 * samples.
 */
export class StabilizationWindow {
  private readonly samples: { readonly at: number; readonly wanted: number }[] = [];
  private firstAt: number | null = null;

  constructor(private readonly windowMs: number) {}

  /**
   * Adds a sample and returns the stabilized number. `present`: the current number of servers. `now`: ms of a monotonic clock.
   */
  add(wanted: number, present: number, now: number): number {
    this.firstAt ??= now;
    // The list is kept in descending order, so its first element is the maximum. A new sample replaces all samples that are not larger.
    while (this.samples.length > 0 && this.samples[this.samples.length - 1]!.wanted <= wanted) this.samples.pop();
    this.samples.push({ at: now, wanted });
    while (now - this.samples[0]!.at > this.windowMs) this.samples.shift();
    const highest = this.samples[0]!.wanted;
    return now - this.firstAt < this.windowMs ? Math.max(highest, present) : highest;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
