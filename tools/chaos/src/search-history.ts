/** The outcome of one search. `waiting`: the search has no outcome yet. */
export type SearchOutcome = 'waiting' | 'matched' | 'cancelled' | 'refused';

interface Search {
  readonly player: string;
  readonly from: number;
  outcome: SearchOutcome;
  room: string | null;
}

/**
 * The record of all searches of a run. Checks that each search has one outcome, and that a match has at most `size` players. Also checks
 * that two searches never lead a player into the same room.
 */
export class SearchHistory {
  private readonly searches: Search[] = [];
  /** For each room that a match created, the players who entered it. */
  private readonly players = new Map<string, string[]>();

  constructor(
    private readonly size: number,
    private readonly violation: (sentence: string) => void,
  ) {}

  /** Records the start of a search. Returns a function that records its outcome. */
  begin(player: string, at: number): (outcome: Exclude<SearchOutcome, 'waiting'>, room?: string) => void {
    const search: Search = { player, from: at, outcome: 'waiting', room: null };
    this.searches.push(search);
    return (outcome, room = '') => {
      if (search.outcome !== 'waiting') this.violation(`a search of ${player} ended as ${search.outcome} and as ${outcome}`);
      search.outcome = outcome;
      if (outcome !== 'matched') return;
      search.room = room;
      const there = this.players.get(room) ?? [];
      if (there.includes(player)) this.violation(`two searches of ${player} ended in the room ${room}`);
      there.push(player);
      this.players.set(room, there);
      if (there.length > this.size) this.violation(`${there.length} players were matched into the room ${room}: ${there.join(', ')}`);
    };
  }

  /** Returns the players whose search began before `at` and has no outcome yet. */
  waitingSince(at: number): string[] {
    return this.searches.filter(({ outcome, from }) => outcome === 'waiting' && from < at).map(({ player }) => player);
  }

  count(outcome: SearchOutcome): number {
    return this.searches.filter((search) => search.outcome === outcome).length;
  }
}
