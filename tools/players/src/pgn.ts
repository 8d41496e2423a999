import { Chess } from 'chess.js';

export type Outcome = '1-0' | '0-1' | '1/2-1/2' | '*';

/** One game of a file, replayed here, apart from the fleet: what the fleet has to arrive at. */
export interface PgnGame {
  /** From 1, as it stands in the file. */
  readonly number: number;
  readonly title: string;
  readonly moves: readonly string[];
  readonly fen: string;
  readonly result: Outcome;
  /** The last move itself ends the game: mate, stalemate, or too few pieces. */
  readonly endsByItself: boolean;
}

/** Throws with the number of the game that is not legal chess. */
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

/** A game begins with the first tag after moves. */
export function splitGames(text: string): string[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n(?=\s*\[Event )/)
    .map((game) => game.trim())
    .filter((game) => game.length > 0);
}
