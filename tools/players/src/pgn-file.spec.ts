import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PgnGame, UnreadableGame } from './pgn.js';
import { PgnFile, readGames, refuseUnreadable } from './pgn-file.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-pgn-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): string => join(__dirname, 'fixtures', name);

function fileOf(content: string | Buffer): string {
  const path = join(folder, 'games.pgn');
  writeFileSync(path, content);
  return path;
}

async function read(path: string): Promise<{ games: PgnGame[]; unreadable: UnreadableGame[] }> {
  const games: PgnGame[] = [];
  const unreadable: UnreadableGame[] = [];
  for await (const one of readGames(path)) {
    if (one.ok) games.push(one.game);
    else unreadable.push(one.unreadable);
  }
  return { games, unreadable };
}

const brief = ({ title, moves, result }: PgnGame): string => `${title}: ${moves.join(' ')} ${result}`;

describe('a PGN file', () => {
  it('can be read when it has comments before, within and after the moves', async () => {
    const { games, unreadable } = await read(fixture('lichess.pgn'));
    expect(unreadable).toEqual([]);
    expect(games.map(brief)).toEqual(['ada – bob: e4 e5 Bc4 Nc6 Qh5 Nf6 Qxf7# 1-0', '? – ?: d4 d5 *']);
    expect(games[0]).toMatchObject({ endsBy: 'checkmate', remark: null, setUp: null, firstSeat: 0 });
  });

  it('can be read when it has quotes in tags, % lines, annotation signs, figurines and null moves', async () => {
    const { games, unreadable } = await read(fixture('oddities.pgn'));
    expect(unreadable).toEqual([]);
    expect(games.map(brief)).toEqual([
      'Ann "the rook" Other – Bob "unescaped" B.: e4 e5 Nf3 Nc6 Bb5 a6 O-O Nf6 d4 exd4 1/2-1/2',
      'C – D: e4 e5 Nf3 Nc6 1/2-1/2',
      'Null in a variation – E: e4 e5 Ke2 0-1',
      'F – G: e4 *',
      'H – I:  1-0',
      'J – K: a4 b5 axb5 a6 bxa6 Nc6 a7 Nb8 axb8=Q 1-0',
      'Old book – L: e4 d5 exd5 Qxd5 Nf3 e5 Bb5+ c6 Ba4 b5 Bb3 Qd6 Bxf7+ Ke7 d4 1-0',
      '? – ?: d4 d5 0-1',
      '? – ?: c4 c5 *',
    ]);
    expect(games[3]!.remark).toBe("a null move, which the laws of chess do not have, ended the game before the file's last 4 moves");
    expect(games.filter(({ remark }) => remark !== null)).toHaveLength(1);
  });

  it('is read without its unreadable games, and each of these games is listed with a reason', async () => {
    const { games, unreadable } = await read(fixture('unreadable.pgn'));
    expect(games.map(({ number, title }) => `${number} ${title}`)).toEqual(['1 Good – First', '9 Good – Last']);
    expect(unreadable).toEqual([
      {
        number: 2,
        title: 'Illegal – Move',
        line: 12,
        reason: '2.Nf6 is no legal move in rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2',
      },
      { number: 3, title: 'Open – Comment', line: 18, reason: 'the comment that begins here has no }' },
      { number: 4, title: 'Open – Variation', line: 25, reason: 'the variation that begins here has no )' },
      { number: 5, title: 'Bad – Tag', line: 30, reason: 'the tag [Result 1-0] has another form than [Name "value"]' },
      { number: 6, title: 'Hash – Fischer', line: 34, reason: 'it is a game of Chess960; only standard chess is offered' },
      { number: 7, title: 'Crazy – House', line: 42, reason: 'it is a game of Crazyhouse; only standard chess is offered' },
      { number: 8, title: 'Wrong – Position', line: 48, reason: expect.stringContaining('its position is not valid: missing white king') },
    ]);
  });

  it('is refused by --strict when a game cannot be read', async () => {
    await expect(refuseUnreadable(fixture('unreadable.pgn'))).rejects.toThrow(
      /7 of its 9 games cannot be read:\n {2}- game 2 \(Illegal – Move\), line 12: 2\.Nf6 is no legal move/,
    );
    await expect(refuseUnreadable(fixture('lichess.pgn'))).resolves.toBeUndefined();
  });

  it('can be read when it contains games from given positions', async () => {
    const { games, unreadable } = await read(fixture('set-up.pgn'));
    expect(games.map(({ title, setUp, firstSeat, endsBy }) => ({ title, setUp, firstSeat, endsBy }))).toEqual([
      { title: 'Alone – Rook', setUp: '8/8/8/8/8/6k1/1r6/6K1 b - - 0 50', firstSeat: 1, endsBy: 'checkmate' },
      { title: 'Pawn – King', setUp: '8/4P3/8/1k6/8/8/8/4K3 w - - 0 1', firstSeat: 0, endsBy: null },
    ]);
    expect(unreadable.map(({ title, line, reason }) => `${title}, ${line}: ${reason}`)).toEqual([
      'King – Pawn, 1: its position is stalemate already',
      'Alone – Rooks, 10: its position has the king of the side that is not to move in check',
    ]);
  });

  it('can be read when a game has moves after a move that ends the game by the rules of chess', async () => {
    const { games, unreadable } = await read(fixture('automatic-ends.pgn'));
    expect(unreadable).toEqual([]);
    expect(games.map(({ endsBy, remark, moves }) => [endsBy, moves.length, remark])).toEqual([
      ['repetition', 16, "the game ended by fivefold repetition before the file's last 4 moves"],
      ['checkmate', 4, "the game ended by checkmate before the file's last move"],
      ['fifty-moves', 2, "the game ended by the seventy-five-move rule before the file's last 2 moves"],
      ['insufficient', 1, 'the game ended by insufficient material (1/2-1/2), but the file says 1-0'],
      ['checkmate', 4, null],
    ]);
  });
});

describe('the text of a PGN file', () => {
  const TEXT = '[White "Jürgen Müller"]\n[Black "Ćwik"]\n[Result "1/2-1/2"]\n\n1. e4 {größer} e5\n% no\n2. Nf3 ½-½\n';
  const LATIN = TEXT.replace('Ćwik', 'Peña');
  const titleOf = async (content: string | Buffer) => {
    const { games, unreadable } = await read(fileOf(content));
    return [...games.map(brief), ...unreadable.map(({ reason }) => reason)];
  };
  const WANTED = ['Jürgen Müller – Ćwik: e4 e5 Nf3 1/2-1/2'];

  it.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${TEXT}`)],
    ['UTF-16LE with a byte order mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
    ['UTF-16BE with a byte order mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le').swap16()],
    ['UTF-16LE without a byte order mark', Buffer.from(TEXT, 'utf16le')],
    ['UTF-16BE without a byte order mark', Buffer.from(TEXT, 'utf16le').swap16()],
    ['lines that end with CR', Buffer.from(TEXT.replaceAll('\n', '\r'))],
    ['lines that end with CRLF', Buffer.from(TEXT.replaceAll('\n', '\r\n'))],
  ])('can be read when it is encoded as %s', async (_what, bytes) => {
    expect(await titleOf(bytes)).toEqual(WANTED);
  });

  it('can be read when some of its lines are encoded as Latin-1', async () => {
    const latin = ['Jürgen Müller – Peña: e4 e5 Nf3 1/2-1/2'];
    expect(await titleOf(Buffer.from(LATIN, 'latin1'))).toEqual(latin);
    expect(await titleOf(Buffer.concat([Buffer.from(`${TEXT}\n`), Buffer.from(LATIN, 'latin1')]))).toEqual([...WANTED, ...latin]);
  });

  it('has the same lines wherever the stream splits it into chunks', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const game = `${TEXT.replaceAll('\n', end)}${end}`;
      const bytes = Buffer.from(game.repeat(2_000));
      const { games, unreadable } = await read(fileOf(bytes));
      expect(unreadable).toEqual([]);
      expect(games).toHaveLength(2_000);
      expect(new Set(games.map(brief))).toEqual(new Set(WANTED));
    }
  });

  it('is refused in one sentence when the file is compressed, missing, a folder or not text', async () => {
    await expect(read(fileOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0])))).rejects.toThrow(
      'is compressed (Zstandard). Decompress it first.',
    );
    await expect(PgnFile.open(join(folder, 'none.pgn'))).rejects.toThrow('There is no file');
    await expect(read(folder)).rejects.toThrow('is a folder. Give a file.');
    await expect(read(fileOf('x'.repeat(5_000_000)))).rejects.toThrow('this is no text file with games');
  });

  it('contains no games when the file is empty', async () => {
    const file = await PgnFile.open(fileOf(''));
    expect(await file.next()).toBeNull();
    expect(file.unreadableCount).toBe(0);
  });

  it('is read only as far as the requested games need', async () => {
    const one = await readFile(fixture('lichess.pgn'), 'utf8');
    const file = await PgnFile.open(fileOf(one.repeat(2_000)));
    for (let count = 0; count < 400; count++) await file.next();
    expect(file.bytesRead).toBeLessThan(file.bytes / 2);
    await file.close();
    expect(await file.next()).toBeNull();
  });
});
