import { BEAT_MS, type ChainResult, type Entry, FIRST_HASH, type Link, nextHash } from './chain.js';

/** What a player knows of a command. `unknown`: the answer was lost with its game, or it was turned away on the road. */
export type Outcome = 'sent' | 'acknowledged' | 'refused' | 'unknown';

interface Sent {
  readonly id: string;
  readonly seat: number;
  readonly n: number;
  outcome: Outcome;
}

interface Told extends Link {
  readonly version: number;
}

interface Member {
  readonly name: string;
  readonly told: Told[];
  /** The client said that some are missing, before the event of this number. */
  readonly missedBefore: number[];
  result: ChainResult | null;
}

/** Clocks of one machine are set; a beat this much too early is none that fired twice. */
const CLOCK_SLACK_MS = 20;

/** The book of one game of chain: what its players sent, were promised and were told. */
export class GameBook {
  private readonly sent = new Map<string, Sent>();
  private readonly members = new Map<string, Member>();

  constructor(readonly game: string) {}

  willSend(id: string, seat: number, n: number): void {
    this.sent.set(id, { id, seat, n, outcome: 'sent' });
  }

  cameOut(id: string, outcome: Outcome): void {
    const sent = this.sent.get(id);
    if (sent) sent.outcome = outcome;
  }

  wasTold(player: string, link: Link, version: number): void {
    this.member(player).told.push({ ...link, version });
  }

  missed(player: string): void {
    const { missedBefore, told } = this.member(player);
    missedBefore.push(told.length);
  }

  ended(player: string, result: ChainResult): void {
    this.member(player).result = result;
  }

  /** Takes part: who is named here and is told nothing was away for all of it, or was forgotten. */
  member(player: string): Member {
    const known = this.members.get(player);
    if (known) return known;
    const member: Member = { name: player, told: [], missedBefore: [], result: null };
    this.members.set(player, member);
    return member;
  }

  get result(): ChainResult | null {
    for (const { result } of this.members.values()) if (result) return result;
    return null;
  }

  get missedCount(): number {
    return [...this.members.values()].reduce((sum, { missedBefore }) => sum + missedBefore.length, 0);
  }

  /** How many heard of the game when something had happened in it. */
  get lateCount(): number {
    return [...this.members.values()].filter(({ told, missedBefore }) => told.length > 0 && told[0].index > 1 && !missedBefore.includes(0))
      .length;
  }

  /** How many heard nothing of it but its end. */
  get absentCount(): number {
    return [...this.members.values()].filter(({ told }) => told.length === 0).length;
  }

  get unsettled(): number {
    return [...this.sent.values()].filter(({ outcome }) => outcome === 'sent').length;
  }

  /** Whether each has been told all there is. */
  get isComplete(): boolean {
    const { result } = this;
    if (!result || this.unsettled > 0) return false;
    return [...this.members.values()].every(
      ({ told, missedBefore }) => told.at(-1)?.index === result.entries.length || missedBefore.length > 0,
    );
  }

  /** What is wrong, in sentences; empty: ledger and game agree. */
  verdict(): string[] {
    const { result } = this;
    if (!result) return ['it has no end'];
    return [
      ...chainFaults(result),
      ...[...this.members.values()].flatMap((member) =>
        member.result && !isSame(member.result, result) ? [`${member.name} was told another end`] : [],
      ),
      ...this.commandFaults(result),
      ...[...this.members.values()].flatMap((member) => toldFaults(member, result)),
    ];
  }

  private commandFaults({ entries }: ChainResult): string[] {
    const faults: string[] = [];
    const times = new Map<string, number>();
    const lastOfSeat = new Map<number, number>();
    for (const [index, entry] of entries.entries()) {
      if (entry.kind !== 'add') continue;
      const place = `as entry ${index + 1}`;
      times.set(entry.id, (times.get(entry.id) ?? 0) + 1);
      const sent = this.sent.get(entry.id);
      if (!sent) faults.push(`${entry.id} stands there ${place}, and nobody sent it to this game`);
      else if (sent.seat !== entry.seat || sent.n !== entry.n)
        faults.push(`${entry.id} stands there ${place} for seat ${entry.seat} with ${entry.n}`);
      const order = Number(entry.id.split('#')[1]);
      if (order < (lastOfSeat.get(entry.seat) ?? 0)) faults.push(`${entry.id} was applied ${place}, after a later one of its player`);
      lastOfSeat.set(entry.seat, order);
    }
    for (const { id, n, outcome } of this.sent.values()) {
      const count = times.get(id) ?? 0;
      if (count > 1) faults.push(`${id} was applied ${count} times`);
      if (outcome === 'acknowledged' && count === 0) faults.push(`${id} was acknowledged and is missing`);
      if (outcome === 'refused' && count > 0) faults.push(`${id} was refused and applied`);
      if (outcome === 'acknowledged' && n < 0) faults.push(`${id} was acknowledged against the rule`);
      if (outcome === 'sent') faults.push(`${id} never had an answer`);
    }
    return faults;
  }
}

/** The game by itself: nothing negative, no beat twice, the hash that its entries give. */
function chainFaults({ entries, hash }: ChainResult): string[] {
  const faults: string[] = [];
  let lastBeat = 0;
  for (const [index, { kind, id, n }] of entries.entries()) {
    if (n < 0) faults.push(`${id} was applied against the rule`);
    if (kind !== 'beat') continue;
    const at = Number(id);
    if (at - lastBeat < BEAT_MS - CLOCK_SLACK_MS)
      faults.push(`the beat of entry ${index + 1} came ${at - lastBeat} ms after the one before`);
    lastBeat = at;
  }
  if (entries.reduce(nextHash, FIRST_HASH) !== hash) faults.push('its hash is not that of its entries');
  return faults;
}

/** What one was told is the game, from its first entry to its last, but for gaps that were owned to. */
function toldFaults({ name, told, missedBefore }: Member, { entries }: ChainResult): string[] {
  // It began and ended while this player had no connection: there is nothing to be told any more.
  if (told.length === 0) return [];
  const faults: string[] = [];
  // Who comes to a game that is on is given its state whole, and none of what was before; that is counted as late.
  let index = told[0].index - 1;
  let version = -1;
  for (const [position, event] of told.entries()) {
    if (event.index !== index + 1) {
      const gap = `entry ${event.index} after ${index} (version ${event.version} after ${version})`;
      if (event.index <= index) faults.push(`${name} was told ${gap}`);
      else if (!missedBefore.includes(position)) faults.push(`${name} was told ${gap}, and nothing of what is between`);
    }
    if (event.version < version) faults.push(`${name} was told version ${event.version} after ${version}`);
    const entry = entries[event.index - 1];
    if (!entry || entry.id !== event.id || entry.seat !== event.seat || entry.n !== event.n)
      faults.push(`${name} was told ${event.id} as entry ${event.index}, where ${entry?.id ?? 'nothing'} stands`);
    ({ index, version } = event);
  }
  if (index < entries.length && !missedBefore.includes(told.length))
    faults.push(`${name} was told entry ${index} of ${entries.length} last (version ${version})`);
  return faults;
}

function isSame(one: ChainResult, other: ChainResult): boolean {
  return one.game === other.game && one.hash === other.hash && one.entries.length === other.entries.length;
}

export type { Entry };
