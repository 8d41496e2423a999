import type { MatchPlayer, Ticket } from '#libs/matchmaking';
import type { UserId } from '#libs/protocol';

/** Ratings of players: a normal distribution, as those of chess servers. */
const RATING_MEAN = 1_500;
const RATING_DEVIATION = 300;
const SIGMA = 80;
/**
 * Regions with cumulative shares: the share of the players who live in this region or in an earlier one of the list. The latency to another
 * region is above the first limit.
 */
const REGIONS = [
  ['eu', 0.5],
  ['us', 0.85],
  ['ap', 1],
] as const;

/** Makes tickets of random players. */
export class Population {
  private made = 0;

  constructor(private readonly random: () => number) {}

  /** A ticket of one player. */
  solo(since: number, more: Partial<Ticket> = {}): Ticket {
    return this.party(1, since, more);
  }

  /** A ticket of players with similar ratings. */
  party(size: number, since: number, more: Partial<Ticket> = {}): Ticket {
    const number = ++this.made;
    const mu = RATING_MEAN + RATING_DEVIATION * this.normal();
    const players: MatchPlayer[] = Array.from({ length: size }, (_, index) => ({
      user: `${number}-${index}` as UserId,
      name: 'Player',
      rating: { mu: mu + (index === 0 ? 0 : 50 * this.normal()), sigma: SIGMA },
    }));
    return { id: String(number), players, game: 'bench', since, ...more };
  }

  /** Latencies of a player who lives in a random region. */
  regions(): Record<string, number> {
    const drawn = this.random();
    const home = REGIONS.find(([, upTo]) => drawn < upTo)!;
    return Object.fromEntries(
      REGIONS.map(([region]) => [region, Math.round(region === home[0] ? 10 + 40 * this.random() : 110 + 80 * this.random())]),
    );
  }

  private normal(): number {
    // Box-Muller transform.
    return Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
  }
}
