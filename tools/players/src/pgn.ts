import { Chess } from 'chess.js';

export type Outcome = '1-0' | '0-1' | '1/2-1/2' | '*';

/** One game of a file, replayed locally: the expected result of the fleet. */
export interface PgnGame {
  /** Position in the file, from 1. */
  readonly number: number;
  readonly title: string;
  readonly moves: readonly string[];
  readonly fen: string;
  readonly result: Outcome;
  /** True when the last move ends the game: checkmate, stalemate, or insufficient material. */
  readonly endsByItself: boolean;
}

/** @throws an error with the number of the first game that contains an illegal move */
export function readPgn(text: string): PgnGame[] {
  return splitGames(text).map((pgn, index) => {
    const chess = new Chess();
    try {
      chess.loadPgn(pgn);
    } catch (cause) {
      throw new Error(`game ${index + 1} of the file cannot be replayed: ${String(cause)}`, { cause });
    }
    const { White, Black, Result } = chess.getHeaders();
    return {
      number: index + 1,
      title: `${White} – ${Black}`,
      moves: chess.history(),
      fen: chess.fen(),
      result: (Result ?? '*') as Outcome,
      endsByItself: chess.isCheckmate() || chess.isStalemate() || chess.isInsufficientMaterial(),
    };
  });
}

/** Splits the file at each [Event] tag. */
export function splitGames(text: string): string[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n(?=\s*\[Event )/)
    .map((game) => game.trim())
    .filter((game) => game.length > 0);
}
