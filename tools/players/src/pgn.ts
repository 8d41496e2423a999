// Imports these files instead of the index of the game. The index loads Nest, which a client does not need.
import { type AutomaticEnd, automaticEnd, countPosition, type Occurrences, playMove } from '../../../games/chess/src/position.js';
import { STANDARD_POSITION, setUpPosition } from '../../../games/chess/src/set-up.js';
import { NULL_MOVE, resultOf, type ScannedGame } from './pgn-scanner.js';

export type Outcome = '1-0' | '0-1' | '1/2-1/2' | '*';

/** One game of a file, replayed without a fleet. It contains the result that the fleet must reach. */
export interface PgnGame {
  /** The number of the game in the file, from 1. */
  readonly number: number;
  readonly title: string;
  /** The position at the beginning. Null: the standard position. */
  readonly setUp: string | null;
  /** The seat that moves first: 0 is White. */
  readonly firstSeat: 0 | 1;
  /** The moves that the laws allow, without those after an automatic end of the game, and without a null move and all moves after it. */
  readonly moves: readonly string[];
  /** The position after the last of these moves, as FEN. */
  readonly fen: string;
  /** The result in the file. */
  readonly result: Outcome;
  /** The rule by which the last move ends the game without a claim or an agreement. Null: the move does not end the game. */
  readonly endsBy: AutomaticEnd | null;
  /** The difference between the file and the laws of chess, as a sentence. Null: there is none. */
  readonly remark: string | null;
}

/** A game that cannot be played, with the reason. */
export interface UnreadableGame {
  readonly number: number;
  readonly title: string;
  /** The line in which the game begins, from 1. */
  readonly line: number;
  readonly reason: string;
}

export type ReadGame = { readonly ok: true; readonly game: PgnGame } | { readonly ok: false; readonly unreadable: UnreadableGame };

/** Plays the moves of a scanned game by the rules that the game server uses. */
export function replay(scanned: ScannedGame): ReadGame {
  const { number, tags, flaw } = scanned;
  const title = `${nameOf(tags.get('white'))} – ${nameOf(tags.get('black'))}`;
  const unreadable = (line: number, reason: string): ReadGame => ({ ok: false, unreadable: { number, title, line, reason } });
  const refusal = variantRefusal(tags);
  if (refusal !== null) return unreadable(scanned.line, refusal);
  if (flaw) return unreadable(flaw.line, flaw.what);
  const fenTag = tags.get('fen') || null;
  const setUp = setUpPosition(fenTag ?? STANDARD_POSITION);
  if (!setUp.ok) return unreadable(scanned.line, `its position ${setUp.flaw}`);
  if (scanned.moves.length === 0 && resultOf(tags.get('result')) === null && scanned.result === null) {
    return unreadable(scanned.line, 'it has neither moves nor a result');
  }
  const played = playAll(setUp.fen, scanned);
  if (!played.ok) return unreadable(played.line, played.reason);
  const result = outcomeOf(scanned);
  const { moves, fen, endsBy, movesLeft } = played;
  return {
    ok: true,
    game: {
      number,
      title,
      setUp: setUp.fen === STANDARD_POSITION ? null : setUp.fen,
      firstSeat: setUp.fen.split(' ')[1] === 'w' ? 0 : 1,
      moves,
      fen,
      result,
      endsBy,
      remark: remarkOf(endsBy, movesLeft, result, fen),
    },
  };
}

/** Returns a name that a terminal can print: without control characters. Returns `?` when the name is empty. */
function nameOf(tag: string | undefined): string {
  return tag?.replace(/\p{Cc}/gu, '').slice(0, NAME_CHARS_MAX) || '?';
}

const NAME_CHARS_MAX = 100;

type Played =
  | {
      readonly ok: true;
      readonly moves: readonly string[];
      readonly fen: string;
      readonly endsBy: AutomaticEnd | null;
      /** Number of moves in the file that were not played. */
      readonly movesLeft: number;
    }
  | { readonly ok: false; readonly line: number; readonly reason: string };

function playAll(start: string, { moves: scanned }: ScannedGame): Played {
  const moves: string[] = [];
  let fen = start;
  let { occurrences, times } = countPosition({} as Occurrences, start);
  for (const [ply, { san, line }] of scanned.entries()) {
    if (san === NULL_MOVE) return { ok: true, moves, fen, endsBy: null, movesLeft: scanned.length - ply };
    const played = playMove(fen, { san });
    if (!played) return { ok: false, line, reason: `${moveNumber(fen)}${san} is no legal move in ${fen}` };
    ({ occurrences, times } = countPosition(occurrences, played.fen));
    fen = played.fen;
    moves.push(played.san);
    const endsBy = automaticEnd(played, times);
    if (endsBy) return { ok: true, moves, fen, endsBy, movesLeft: scanned.length - ply - 1 };
  }
  return { ok: true, moves, fen, endsBy: null, movesLeft: 0 };
}

/**
 * Returns the result of a game. If the tag `Result` differs from the result at the end of the moves, returns that of the tag, because
 * databases correct the tag.
 */
function outcomeOf({ tags, result }: ScannedGame): Outcome {
  const tag = resultOf(tags.get('result'));
  return ((tag === '*' ? null : tag) ?? result ?? '*') as Outcome;
}

function remarkOf(endsBy: AutomaticEnd | null, movesLeft: number, result: Outcome, fen: string): string | null {
  const those = movesLeft === 1 ? "the file's last move" : `the file's last ${movesLeft} moves`;
  if (endsBy && movesLeft > 0) return `the game ended by ${WORDS[endsBy]} before ${those}`;
  if (movesLeft > 0) return `a null move, which the laws of chess do not have, ended the game before ${those}`;
  if (!endsBy || result === '*') return null;
  const byLaw = endsBy === 'checkmate' ? (fen.split(' ')[1] === 'w' ? '0-1' : '1-0') : '1/2-1/2';
  return result === byLaw ? null : `the game ended by ${WORDS[endsBy]} (${byLaw}), but the file says ${result}`;
}

const WORDS: Readonly<Record<AutomaticEnd, string>> = {
  checkmate: 'checkmate',
  stalemate: 'stalemate',
  insufficient: 'insufficient material',
  repetition: 'fivefold repetition',
  'fifty-moves': 'the seventy-five-move rule',
};

function moveNumber(fen: string): string {
  const [, turn, , , , move] = fen.split(' ');
  return turn === 'w' ? `${move}.` : `${move}...`;
}

/** Returns the reason why a game of this variant cannot be played. Null: it is standard chess. */
function variantRefusal(tags: ReadonlyMap<string, string>): string | null {
  const variant = tags.get('variant')?.trim() ?? '';
  if (variant === '' || STANDARD.test(variant)) return null;
  const name = CHESS960.test(variant) ? 'Chess960' : variant;
  return `it is a game of ${name}; only standard chess is offered`;
}

/** The names that mean standard chess in the tag `Variant`. Lichess uses "From Position" for games from another position. */
const STANDARD = /^(?:standard|normal|chess|classical|from ?position)$/i;
const CHESS960 = /960|fischer.?r?andom|freestyle/i;
