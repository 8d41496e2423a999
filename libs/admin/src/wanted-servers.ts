export interface ScaleThresholds {
  /** Of the slots taken: above it more game servers are wanted. */
  readonly upAtPercent: number;
  /** Of the slots taken: below it fewer are wanted. */
  readonly downAtPercent: number;
}

/** What a game server has, for the question how many there should be. */
export interface GameServerLoad {
  readonly rooms: number;
  readonly capacity: number;
  /** `leaving` ones empty themselves onto the others and go; `cordoned` ones stay, with the rooms they have. */
  readonly status: 'open' | 'cordoned' | 'leaving';
}

/**
 * How many game servers the fleet would like to have, now. Pure. Between the thresholds: as many as there are. Beyond
 * one of them: as many as bring the load to the middle between both, so that no answer calls for its own opposite.
 * Never none: the first game needs a server too. Cordoned ones count, since an autoscaler counts them.
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
 * Up at once, down only after a whole window in which fewer were enough: the highest wish within the window stands.
 * Before a window has been seen, nothing is taken away: a gateway that has just started knows no past.
 */
export class StabilisedWish {
  private readonly wishes: { readonly at: number; readonly wanted: number }[] = [];
  private firstAt: number | null = null;

  constructor(private readonly windowMs: number) {}

  /** `present`: how many there are. `now` in ms of any clock that does not go back. */
  add(wanted: number, present: number, now: number): number {
    this.firstAt ??= now;
    // Kept falling, so that the first is the highest, and a wish is written once however long it holds.
    while (this.wishes.length > 0 && this.wishes[this.wishes.length - 1].wanted <= wanted) this.wishes.pop();
    this.wishes.push({ at: now, wanted });
    while (now - this.wishes[0].at > this.windowMs) this.wishes.shift();
    const highest = this.wishes[0].wanted;
    return now - this.firstAt < this.windowMs ? Math.max(highest, present) : highest;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
