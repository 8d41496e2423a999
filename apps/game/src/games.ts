import { ArenaModule } from '#games/arena';
import { ChessModule } from '#games/chess';
import { TicTacToeModule } from '#games/tic-tac-toe';

/** The modules of the games that the game servers of this repository offer. */
export const GAMES = [TicTacToeModule, ChessModule, ArenaModule];
