import type { Chess, ChessResult } from '#games/chess';
import type { Room, Session } from '#libs/client';
import type { PlayersOptions } from './options.js';
import type { PgnGame } from './pgn.js';
import { describeUnreadable, KB, linesOf, type PgnFile, UNREADABLE_KEPT } from './pgn-file.js';
import { freshly, leaveAnyRoom, move, openSessions, patiently, sentenceOf, startGame, watchPauses } from './player.js';
import type { Progress } from './progress.js';
import type { Tally } from './tally.js';

type Board = Room<Chess>;

/** Time limit for a move, in ms. A fleet needs less time to recover. */
const MOVE_MS = 60_000;

/** A game whose outcome in the fleet differs from that in the PGN file. */
export interface Difference {
  readonly game: number;
  readonly title: string;
  readonly what: string;
}

/** A game whose moves or result in the PGN file violate the laws of chess. This is not a fault of the fleet. */
export interface Remark {
  readonly game: number;
  readonly title: string;
  readonly what: string;
}

/** Plays every game of a file. Each game has two players, who see only what the fleet sends them. */
export class ChessRun {
  readonly differences: Difference[] = [];
  /** The first games of the run that violate the laws of chess. `remarkCount` counts all of them. */
  readonly remarks: Remark[] = [];
  remarkCount = 0;
  /** Number of players. */
  players = 0;
  private isStopped = false;

  constructor(
    private readonly file: PgnFile,
    private readonly options: PlayersOptions,
    private readonly tally: Tally,
    private readonly progress: Progress,
  ) {}

  async run(): Promise<void> {
    // Reads one game for each pair of players. A pair reads its next game when it has finished one, so that only the running games are in
    // memory.
    const first: PgnGame[] = [];
    while (first.length < this.options.gamesAtOnce) {
      const game = await this.file.next();
      if (!game) break;
      first.push(game);
    }
    if (first.length === 0) throw new Error(noGames(this.file));
    this.players = 2 * first.length;
    const sessions = await openSessions(this.players, this.options, this.tally);
    this.progress.begin(Math.ceil(this.file.bytes / KB), 'KB read');
    await Promise.all(first.map((game, table) => this.playOn(game, sessions[2 * table], sessions[2 * table + 1])));
    this.progress.end();
    for (const session of sessions) session.close();
  }

  stop(): void {
    this.isStopped = true;
  }

  private async playOn(first: PgnGame, white: Session, black: Session): Promise<void> {
    for (let game: PgnGame | null = first; game && !this.isStopped; game = await this.file.next()) {
      if (game.remark !== null) this.remarked(game, game.remark);
      try {
        await this.play(game, white, black);
      } catch (error) {
        this.differs(game, `was not finished: ${sentenceOf(error)}`);
      }
      await Promise.all([leaveAnyRoom(white), leaveAnyRoom(black)]);
      this.tally.games += 1;
      this.progress.at(this.file.bytesRead / KB);
    }
  }

  private async play(game: PgnGame, white: Session, black: Session): Promise<void> {
    // The player who created the room has seat 0, which plays White.
    const room: Board = await freshly(white, () => white.createRoom<Chess>({ game: 'chess', private: true, ...setUpOf(game) }));
    const other: Board = await freshly(black, () => black.joinRoom<Chess>(room.id));
    await patiently(() => other.ready());
    await startGame(room);
    const boards = [room, other];
    const stops = boards.map((board) => watchPauses(board, this.tally));
    try {
      await Promise.all(boards.map((board, seat) => this.moveInTurn(board, seat, game)));
      await Promise.all(boards.map((board) => arrive(board, game.moves.length)));
      if (!game.endsBy) await this.agreeOnResult(boards, game);
      await Promise.all(boards.map((board) => board.waitFor(({ status }) => status === 'ended', { timeoutMs: MOVE_MS })));
      this.compare(boards, game);
    } finally {
      for (const stop of stops) stop();
    }
  }

  private async moveInTurn(board: Board, seat: number, { moves, firstSeat }: PgnGame): Promise<void> {
    for (let ply = seat === firstSeat ? 0 : 1; ply < moves.length; ply += 2) {
      await arrive(board, ply);
      const wasMade = await move(() => patiently(() => board.send('move', { san: moves[ply] })), this.tally);
      if (!wasMade) throw new Error(`move ${ply + 1}, ${moves[ply]}, was refused`);
    }
  }

  /**
   * Makes the players agree on the result in the PGN file when the moves alone do not lead to it. The loser resigns. For a draw or an
   * unfinished game, one player offers a draw and the other accepts.
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
      const { result: received, by } = results[seat] ?? {};
      if (game.endsBy) {
        if (by !== game.endsBy) this.differs(game, `seat ${seat} received ${received} by ${by}, the laws give the end by ${game.endsBy}`);
      } else if (game.result !== '*' && received !== game.result) {
        this.differs(game, `seat ${seat} received ${received}, the file has ${game.result}`);
      }
    });
  }

  private remarked({ number, title }: PgnGame, what: string): void {
    this.remarkCount += 1;
    if (this.remarks.length < UNREADABLE_KEPT) this.remarks.push({ game: number, title, what });
  }

  private differs({ number, title }: PgnGame, what: string): void {
    this.differences.push({ game: number, title, what });
    this.tally.fault(`game ${number} (${title}) ${what}`);
  }
}

function setUpOf({ setUp }: PgnGame): { options?: { fen: string } } {
  return setUp === null ? {} : { options: { fen: setUp } };
}

function noGames({ unreadable, unreadableCount }: PgnFile): string {
  if (unreadableCount === 0) return 'The file has no games.';
  return [`None of the file's games can be read:`, ...linesOf(unreadable, unreadableCount, describeUnreadable)].join('\n');
}

/** Waits until the board of this player shows this many moves. */
async function arrive(board: Board, moves: number): Promise<void> {
  await board.waitFor(({ state, status }) => (state?.moves.length ?? -1) >= moves || status === 'ended', { timeoutMs: MOVE_MS });
  const made = board.state?.moves.length ?? 0;
  if (made !== moves) throw new Error(`there are ${made} moves on the board instead of ${moves}`);
}
