import type { Chess, ChessResult } from '#games/chess';
import type { Room, Session } from '#libs/client';
import type { PlayersOptions } from './options.js';
import type { PgnGame } from './pgn.js';
import { freshly, leaveAnyRoom, move, openSessions, patiently, sentenceOf, startGame, watchPauses } from './player.js';
import type { Progress } from './progress.js';
import type { Tally } from './tally.js';

type Board = Room<Chess>;

/** Time limit for a move, in ms. Longer than a fleet needs to recover. */
const MOVE_MS = 60_000;

/** A game whose outcome differs from the file. */
export interface Difference {
  readonly game: number;
  readonly title: string;
  readonly what: string;
}

/** Plays every game of a file, each with two players who see only what the fleet sends them. */
export class ChessRun {
  readonly differences: Difference[] = [];
  private next = 0;

  constructor(
    private readonly games: readonly PgnGame[],
    private readonly options: PlayersOptions,
    private readonly tally: Tally,
    private readonly progress: Progress,
  ) {}

  async run(): Promise<void> {
    const tables = Math.min(this.options.gamesAtOnce, this.games.length);
    const sessions = await openSessions(2 * tables, this.options, this.tally);
    this.progress.begin(this.games.length, 'games');
    await Promise.all(Array.from({ length: tables }, (_, table) => this.playOn(sessions[2 * table], sessions[2 * table + 1])));
    this.progress.end();
    for (const session of sessions) session.close();
  }

  stop(): void {
    this.next = this.games.length;
  }

  private async playOn(white: Session, black: Session): Promise<void> {
    while (this.next < this.games.length) {
      const game = this.games[this.next];
      this.next += 1;
      try {
        await this.play(game, white, black);
      } catch (error) {
        this.differs(game, `was not finished: ${sentenceOf(error)}`);
      }
      await Promise.all([leaveAnyRoom(white), leaveAnyRoom(black)]);
      this.tally.games += 1;
      this.progress.at(this.tally.games);
    }
  }

  private async play(game: PgnGame, white: Session, black: Session): Promise<void> {
    // The player who created the room has seat 0, and White.
    const room: Board = await freshly(white, () => white.createRoom<Chess>({ game: 'chess', private: true }));
    const other: Board = await freshly(black, () => black.joinRoom<Chess>(room.id));
    await patiently(() => other.ready());
    await startGame(room);
    const boards = [room, other];
    const stops = boards.map((board) => watchPauses(board, this.tally));
    try {
      await Promise.all(boards.map((board, seat) => this.moveInTurn(board, seat, game)));
      await Promise.all(boards.map((board) => arrive(board, game.moves.length)));
      if (!game.endsByItself) await this.agreeOnResult(boards, game);
      await Promise.all(boards.map((board) => board.waitFor(({ status }) => status === 'ended', { timeoutMs: MOVE_MS })));
      this.compare(boards, game);
    } finally {
      for (const stop of stops) stop();
    }
  }

  private async moveInTurn(board: Board, seat: number, { moves }: PgnGame): Promise<void> {
    for (let ply = seat; ply < moves.length; ply += 2) {
      await arrive(board, ply);
      const wasMade = await move(() => patiently(() => board.send('move', { san: moves[ply] })), this.tally);
      if (!wasMade) throw new Error(`move ${ply + 1}, ${moves[ply]}, was refused`);
    }
  }

  /**
   * Reaches a result that the file does not show on the board. The loser resigns; for a draw or an unfinished game, one player
   * offers a draw and the other accepts.
   */
  private async agreeOnResult([white, black]: readonly Board[], { result }: PgnGame): Promise<void> {
    if (result === '1-0') return patiently(() => black.send('resign'));
    if (result === '0-1') return patiently(() => white.send('resign'));
    await patiently(() => white.send('offerDraw'));
    await black.waitFor(({ state }) => state?.drawOfferedBy === 0, { timeoutMs: MOVE_MS });
    await patiently(() => black.send('acceptDraw'));
  }

  private compare(boards: readonly Board[], game: PgnGame): void {
    const results = boards.map(({ result }) => result?.result as ChessResult | undefined);
    boards.forEach(({ state }, seat) => {
      const moves = state?.moves ?? [];
      const missing = game.moves.filter((san, ply) => moves[ply] !== san).length;
      this.tally.lost += missing;
      this.tally.doubled += Math.max(0, moves.length - game.moves.length);
      if (missing > 0 || moves.length !== game.moves.length)
        this.differs(game, `seat ${seat} has ${moves.length} moves, the file ${game.moves.length}`);
      if (state?.fen !== game.fen) this.differs(game, `seat ${seat} sees ${state?.fen}, the file ends at ${game.fen}`);
      if (game.result !== '*' && results[seat]?.result !== game.result) {
        this.differs(game, `seat ${seat} received ${results[seat]?.result}, the file has ${game.result}`);
      }
    });
  }

  private differs({ number, title }: PgnGame, what: string): void {
    this.differences.push({ game: number, title, what });
    this.tally.fault(`game ${number} (${title}) ${what}`);
  }
}

/** Waits until the board of this player shows this many moves. */
async function arrive(board: Board, moves: number): Promise<void> {
  await board.waitFor(({ state, status }) => (state?.moves.length ?? -1) >= moves || status === 'ended', { timeoutMs: MOVE_MS });
  const made = board.state?.moves.length ?? 0;
  if (made !== moves) throw new Error(`there are ${made} moves on the board instead of ${moves}`);
}
