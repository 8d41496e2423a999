import { connect, type HoldfastError, type Session } from '#libs/client/node';
import { codeOf, leaveAnyRoom, patiently } from '../../players/src/player.js';
import { trustIn } from '../../players/src/trust.js';
import type { Findings } from './findings.js';
import type { Chance } from './random.js';
import { SearchHistory } from './search-history.js';
import { pause, until } from './until.js';

/** The game for which these players search. No other players search for this game. */
export const SEARCHED_GAME = 'tic-tac-toe';
/** Shortest and longest duration for which a player stays in the room of a match, in ms. */
const STAY_MS = [100, 800] as const;
/**
 * The fraction of searches that a player cancels, from 0 to 1, and the shortest and longest time from the start of a search to its
 * cancellation, in ms.
 */
const GIVEN_UP = 0.2;
const GIVE_UP_MS = [50, 1_500] as const;
/**
 * The time limit for every search to find a match after the last fault, in ms. With an odd number of players, one search remains without a
 * match.
 */
const LAST_MATCHES_MS = 20_000;

/** Players who search for one match after another. The outcome of each search is recorded. */
export class Searchers {
  readonly history: SearchHistory;
  private sessions: Session[] = [];
  private readonly giveUps = new Set<AbortController>();
  private isOver = false;
  private isLast = false;

  constructor(
    private readonly count: number,
    private readonly findings: Findings,
    private readonly chance: Chance,
  ) {
    this.history = new SearchHistory(2, (sentence) => findings.violation(sentence));
  }

  async open(urls: readonly string[], certificate: string | null): Promise<void> {
    this.sessions = await Promise.all(
      Array.from({ length: this.count }, async (_, index) => {
        const turn = index % urls.length;
        const inTurn = [...urls.slice(turn), ...urls.slice(0, turn)];
        const session = await patiently(() => connect(inTurn, { name: `searcher-${index + 1}`, ...trustIn(certificate) }));
        session.on('closed', (error) => {
          if (error) this.findings.violation(`${session.name} was refused: ${error.code}: ${error.message}`);
        });
        return session;
      }),
    );
  }

  async run(): Promise<void> {
    await Promise.all(this.sessions.map((session) => this.live(session)));
    for (const session of this.sessions) session.close();
  }

  /**
   * Ends the searches after the last fault. While at least two players search, every search must find a match. The last player cancels the
   * search.
   */
  async stop(): Promise<void> {
    this.isLast = true;
    const at = performance.now();
    await until(async () => this.history.waitingSince(at).length < 2, LAST_MATCHES_MS).catch(() => {
      this.findings.violation(`searches without an outcome after the last fault: ${this.history.waitingSince(at).join(', ')}`);
    });
    this.isOver = true;
    for (const giveUp of this.giveUps) giveUp.abort();
  }

  private async live(session: Session): Promise<void> {
    while (!this.isOver) {
      try {
        await this.search(session);
      } catch (error) {
        if (!(error as Partial<HoldfastError>).retry)
          this.findings.violation(`${session.name}: ${codeOf(error)}: ${(error as Error).message}`);
        this.findings.count(`search:${codeOf(error)}`);
        await pause(100);
      }
      await leaveAnyRoom(session);
    }
  }

  private async search(session: Session): Promise<void> {
    const giveUp = new AbortController();
    this.giveUps.add(giveUp);
    const isGivenUp = !this.isLast && this.chance.next() < GIVEN_UP;
    const timer = isGivenUp ? setTimeout(() => giveUp.abort(), this.chance.between(...GIVE_UP_MS)) : undefined;
    const end = this.history.begin(session.name, performance.now());
    try {
      const { id } = await session.quickMatch(SEARCHED_GAME, { signal: giveUp.signal });
      end('matched', id);
      await pause(this.chance.between(...STAY_MS));
    } catch (error) {
      if (giveUp.signal.aborted) return end('cancelled');
      end('refused');
      // The player's connection was lost for longer than the grace, so the search has ended. The player searches again.
      if (codeOf(error) !== 'not-searching') throw error;
      this.findings.count('search:not-searching');
    } finally {
      clearTimeout(timer);
      this.giveUps.delete(giveUp);
    }
  }
}
