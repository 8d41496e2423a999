import type { TextLine } from './text-lines.js';

/** One move, as written in the file. */
export interface ScannedMove {
  /** The move in standard notation, without annotation signs. `--` is a null move. */
  readonly san: string;
  readonly line: number;
}

/** One game of a file. The scanner has not played its moves. */
export interface ScannedGame {
  /** The number of the game in the file, from 1. */
  readonly number: number;
  /** The line in which the game begins, from 1. */
  readonly line: number;
  /** The tags, by name in lower case, because some programs write `Setup` or `fen`. */
  readonly tags: ReadonlyMap<string, string>;
  /** The moves of the main line. */
  readonly moves: readonly ScannedMove[];
  /** The result at the end of the moves. Null: the text has no result. */
  readonly result: string | null;
  /** The first reason why the text cannot be read. Null: it can be read. */
  readonly flaw: { readonly line: number; readonly what: string } | null;
}

/**
 * Splits the lines of a PGN file into games, and each game into tags and moves. Leaves out comments, variations and annotations.
 *
 * Holdfast has its own tokenizer, because no parser from npm reads all files that people have (tried in November 2026):
 * - chess.js 1.4.0 refuses comments in a row, escaped quotes, `%` lines, null moves, `½`, and signs that stand alone.
 * - `@mliebelt/pgn-parser` 1.4.19 refuses `%` lines and `½`. It takes the whole file as one string, and stops at the first game
 *   that it cannot read.
 * - `chessops` 0.15.1 reads streams, but its license is the GPL.
 *
 * The rules of chess, and the notation of a move, still come from chess.js.
 *
 * Source: Portable Game Notation Specification, 12 March 1994, section 8, and the files of Lichess and ChessBase.
 */
export async function* scanGames(lines: AsyncIterable<TextLine>): AsyncGenerator<ScannedGame> {
  const scanner = new PgnScanner();
  for await (const { number, text } of lines) yield* scanner.line(number, text);
  yield* scanner.end();
}

/** Scans line by line and keeps only the current game in memory. */
export class PgnScanner {
  private games = 0;
  private game: GameInWork | null = null;
  /** The line in which the open comment begins, or the outermost open variation. */
  private openedAt = 0;
  private isInComment = false;
  private depth = 0;
  private wasBlank = true;

  /** Reads a line. Returns the games that end with this line. */
  line(number: number, text: string): ScannedGame[] {
    const done: ScannedGame[] = [];
    const isBlank = text.trim() === '';
    // The next game also ends a comment or a variation that has no end sign.
    if ((this.isInComment || this.depth > 0) && this.wasBlank && TAG_LINE.test(text)) done.push(...this.endUnclosed());
    // Ignores a line that begins with %, because such lines are for other programs (section 6).
    if (!isBlank && (this.isInComment || !text.startsWith('%'))) this.scan(number, text, done);
    this.wasBlank = isBlank;
    return done;
  }

  /** Returns the last game. Call this at the end of the file. */
  end(): ScannedGame[] {
    return this.isInComment || this.depth > 0 ? this.endUnclosed() : this.finish();
  }

  private scan(number: number, text: string, done: ScannedGame[]): void {
    let at = 0;
    const [, name] = (!this.isInComment && this.depth === 0 && TAG_START.exec(text)) || [];
    if (name !== undefined) {
      // A second tag section begins a new game, even when the last game has no move text.
      if (this.game?.hasMoveText || (this.wasBlank && this.game?.tags.has(name.toLowerCase()))) done.push(...this.finish());
      at = this.tags(number, text);
    }
    while (at < text.length) {
      if (this.isInComment) {
        const end = text.indexOf('}', at);
        if (end === -1) return;
        this.isInComment = false;
        at = end + 1;
        continue;
      }
      TOKEN.lastIndex = at;
      const token = TOKEN.exec(text)?.[0] ?? text.slice(at);
      at += token.length;
      if (token === ';') return;
      this.token(number, token, done);
    }
  }

  /** Reads the tags at the beginning of the line. Returns the position after them. */
  private tags(number: number, text: string): number {
    const game = this.current(number);
    let at = 0;
    for (;;) {
      TAG.lastIndex = at;
      const tag = TAG.exec(text);
      if (!tag) break;
      game.tags.set(tag[1]!.toLowerCase(), tag[2]!.replace(/\\(["\\])/g, '$1').trim());
      at = TAG.lastIndex;
    }
    if (at > 0 && !/^\s*["\w]/.test(text.slice(at))) return at;
    // Accepts a tag whose value contains unescaped quotes, because many programs do not escape them.
    const loose = LOOSE_TAG.exec(text);
    if (loose) game.tags.set(loose[1]!.toLowerCase(), loose[2]!.replace(/\\(["\\])/g, '$1').trim());
    else game.flaw ??= { line: number, what: `the tag ${shortened(text)} has another form than [Name "value"]` };
    return text.length;
  }

  private token(number: number, token: string, done: ScannedGame[]): void {
    if (token === '{') {
      this.isInComment = true;
      if (this.depth === 0) this.openedAt = number;
    } else if (token === '(') {
      if (this.depth === 0) this.openedAt = number;
      this.depth += 1;
    } else if (token === ')') this.depth = Math.max(0, this.depth - 1);
    else if (this.depth === 0 && token.trim() !== '') this.word(number, token, done);
  }

  private word(number: number, word: string, done: ScannedGame[]): void {
    const result = RESULTS.get(dashed(word));
    if (result !== undefined) {
      if (!this.game) return;
      this.game.result ??= result;
      this.game.hasMoveText = true;
      return;
    }
    if (this.game?.result != null) {
      // Text after the result of a game begins a new game only if it is the number of a first move. Other text is skipped.
      if (!/^1\.+$/.test(word)) return;
      done.push(...this.finish());
    }
    const game = this.current(number);
    game.hasMoveText = true;
    if (/^\d+\.*$|^\.+$/.test(word) || word.startsWith('$') || word.startsWith('<') || SIGNS.test(word)) return;
    if (game.moves.length < MOVES_MAX) game.moves.push({ san: sanOf(word), line: number });
    else game.flaw ??= { line: number, what: `it has more than ${MOVES_MAX} moves` };
  }

  private current(line: number): GameInWork {
    this.game ??= { line, tags: new Map(), moves: [], result: null, hasMoveText: false, flaw: null };
    return this.game;
  }

  private endUnclosed(): ScannedGame[] {
    const what = this.isInComment ? 'the comment that begins here has no }' : 'the variation that begins here has no )';
    this.isInComment = false;
    this.depth = 0;
    if (this.game) this.game.flaw ??= { line: this.openedAt, what };
    return this.finish();
  }

  private finish(): ScannedGame[] {
    const { game } = this;
    this.game = null;
    if (!game) return [];
    this.games += 1;
    const { line, tags, moves, result, flaw } = game;
    return [{ number: this.games, line, tags, moves, result, flaw }];
  }
}

interface GameInWork {
  readonly line: number;
  readonly tags: Map<string, string>;
  readonly moves: ScannedMove[];
  result: string | null;
  hasMoveText: boolean;
  flaw: ScannedGame['flaw'];
}

/**
 * Maximum number of moves in a game. The seventy-five-move rule limits a game to 8,848 moves of each side. The limit stops the reading of
 * files that are not PGN.
 */
const MOVES_MAX = 20_000;

const TAG_START = /^\s*\[\s*([A-Za-z0-9_]+)/;
const TAG_LINE = /^\s*\[\s*[A-Za-z0-9_]+\s+".*"\s*\]\s*$/;
const TAG = /\s*\[\s*([A-Za-z0-9_]+)\s*"((?:[^"\\]|\\.)*)"\s*\]/y;
const LOOSE_TAG = /^\s*\[\s*([A-Za-z0-9_]+)\s*"(.*)"\s*\]\s*$/;
/** Matches one token: white space, a single sign, castling, a result, a null move, the number of a move, or any other word. */
const TOKEN =
  /\s+|[{}();]|\$\d*|<[^>]*>|[Oo0]-[Oo0](?:-[Oo0])?[+#!?]*|(?:1[-–−]0|0[-–−]1|1\/2[-–−]1\/2|½[-–−]½|1\/2|½|\*)(?![\w/])|--|\d+(?![\w/-])\.*|\d+\.+|\d+(?=[KQRBNa-h♔-♟])|\.+|…|[^\s{}();$<>]+|./y;
const SIGNS = /^(?:[!?=±∓⩲⩱∞□⊕⨀⟳→↑⇆△▽⌓…[\]<>}+−–]+|\+?-\+?|\/?\^|N|D|ep|e\.p\.|ch|mate)[!?]*$/;

const RESULTS = new Map([
  ['1-0', '1-0'],
  ['0-1', '0-1'],
  ['1/2-1/2', '1/2-1/2'],
  ['1/2', '1/2-1/2'],
  ['½-½', '1/2-1/2'],
  ['½', '1/2-1/2'],
  ['*', '*'],
]);

/** Returns the result that a text means. Null: the text is not a result. */
export function resultOf(text: string | undefined): string | null {
  return RESULTS.get(dashed(text ?? '').replace(/\s/g, '')) ?? null;
}

function dashed(text: string): string {
  return text.replace(/[–−]/g, '-');
}

/** Returns a move in the notation of the standard. Also reads the spellings of other programs and of old books. */
function sanOf(word: string): string {
  if (/^(?:--|Z0|null|0000|@@@@)[!?]*$/.test(word)) return NULL_MOVE;
  const bare = word
    .replace(/[♔-♟]/g, (piece) => FIGURINES[piece] ?? '')
    .replace(':', 'x')
    // Removes the signs of annotation, check and mate, which a move does not need.
    .replace(/[!?□±∓⩲⩱∞=+#†‡−–-]+$/, '')
    .replace(/(?:e\.p\.|ep)$/, '');
  if (/^[Oo0]-[Oo0]/.test(bare)) return bare.replace(/[o0]/g, 'O');
  return bare.replace(/^([a-h](?:[27]?[-x]?[a-h])?[18])[=/(]?([QRBN])\)?/, '$1=$2');
}

export const NULL_MOVE = '--';

const FIGURINES: Readonly<Record<string, string>> = {
  '♔': 'K',
  '♕': 'Q',
  '♖': 'R',
  '♗': 'B',
  '♘': 'N',
  '♚': 'K',
  '♛': 'Q',
  '♜': 'R',
  '♝': 'B',
  '♞': 'N',
};

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text.trim();
}
