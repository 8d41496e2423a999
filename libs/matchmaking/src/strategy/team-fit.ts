/**
 * Maximum number of calls of `fill` in one search for parties that fill the teams. Teams of up to 8 players never need so many calls. A
 * search for larger teams can stop without a result. A later search with more tickets can then succeed.
 */
const STEPS_MAX = 5_000;

/**
 * Finds parties that fill teams exactly. `capacities`: free places of each team. `available[n]`: number of parties with n players. Returns
 * the sizes of the parties of each team, largest first. Null: no parties fill the teams exactly.
 */
export function exactFit(capacities: readonly number[], available: readonly number[]): number[][] | null {
  const left = [...available];
  const teams: number[][] = capacities.map(() => []);
  let steps = 0;
  const fill = (team: number, free: number, sizeMax: number): boolean => {
    if (free === 0) return team + 1 >= capacities.length || fill(team + 1, capacities[team + 1]!, left.length - 1);
    if (++steps > STEPS_MAX) return false;
    for (let size = Math.min(free, sizeMax); size >= 1; size--) {
      if (!left[size]) continue;
      left[size]!--;
      teams[team]!.push(size);
      if (fill(team, free - size, size)) return true;
      teams[team]!.pop();
      left[size]!++;
    }
    return false;
  };
  return capacities.length === 0 || fill(0, capacities[0]!, left.length - 1) ? teams : null;
}

/** A party, with the sum of the ratings of its members. */
export interface RatedParty {
  readonly size: number;
  readonly mu: number;
}

/**
 * Distributes parties over teams, so that the sums of the ratings are close. In turn, the strongest party joins the weakest team that needs
 * a party of its size. Then parties of equal size are exchanged while this reduces the differences.
 *
 * @param sizes for each team, the sizes of its parties; together, these are the sizes of all `parties`
 * @param sums the sum of the ratings that each team already has
 */
export function balancedTeams<Party extends RatedParty>(
  sizes: readonly (readonly number[])[],
  parties: readonly Party[],
  sums: readonly number[],
): Party[][] {
  const teams: Party[][] = sizes.map(() => []);
  const total = [...sums];
  const needed = sizes.map((of) => {
    const counts = new Map<number, number>();
    for (const size of of) counts.set(size, (counts.get(size) ?? 0) + 1);
    return counts;
  });
  for (const party of [...parties].sort((a, b) => b.size - a.size || b.mu - a.mu)) {
    let best = -1;
    for (let team = 0; team < teams.length; team++) {
      if ((needed[team]!.get(party.size) ?? 0) > 0 && (best === -1 || total[team]! < total[best]!)) best = team;
    }
    needed[best]!.set(party.size, needed[best]!.get(party.size)! - 1);
    teams[best]!.push(party);
    total[best]! += party.mu * party.size;
  }
  exchange(teams, total);
  return teams;
}

/** Maximum number of exchanges in one match. The first exchanges have the largest effect, and later exchanges change little. */
const EXCHANGES_MAX = 64;

function exchange(teams: RatedParty[][], total: number[]): void {
  for (let count = 0; count < EXCHANGES_MAX; count++) {
    let best: { one: number; other: number; at: number; by: number; gain: number; moved: number } | undefined;
    for (let one = 0; one < teams.length; one++) {
      for (let other = one + 1; other < teams.length; other++) {
        const difference = total[one]! - total[other]!;
        for (const [at, mine] of teams[one]!.entries()) {
          for (const [by, theirs] of teams[other]!.entries()) {
            if (mine.size !== theirs.size) continue;
            const moved = (mine.mu - theirs.mu) * mine.size;
            const gain = Math.abs(difference) - Math.abs(difference - 2 * moved);
            if (gain > (best?.gain ?? GAIN_MIN)) best = { one, other, at, by, gain, moved };
          }
        }
      }
    }
    if (!best) return;
    const [mine, theirs] = [teams[best.one]![best.at]!, teams[best.other]![best.by]!];
    teams[best.one]![best.at] = theirs;
    teams[best.other]![best.by] = mine;
    total[best.one]! -= best.moved;
    total[best.other]! += best.moved;
  }
}

/**
 * Minimum improvement for which parties are exchanged, in points. It is larger than the rounding errors of sums. Otherwise these errors
 * could cause exchanges without end.
 */
const GAIN_MIN = 1e-6;
