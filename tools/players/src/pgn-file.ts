import { stat } from 'node:fs/promises';
import { type PgnGame, type ReadGame, replay, type UnreadableGame } from './pgn.js';
import { scanGames } from './pgn-scanner.js';
import { type Progress, SILENT } from './progress.js';
import { readLines, type TextLine } from './text-lines.js';

/** The games of a PGN file, read as a stream. Only the running games are in memory, so a file may have any size. */
export class PgnFile {
  /** The first games that cannot be read. `unreadableCount` counts all of them. */
  readonly unreadable: UnreadableGame[] = [];
  unreadableCount = 0;
  bytesRead = 0;
  private readonly games: AsyncGenerator<ReadGame>;

  private constructor(
    path: string,
    readonly bytes: number,
  ) {
    this.games = readGames(path, (bytesRead) => {
      this.bytesRead = bytesRead;
    });
  }

  /** @throws an error when the file does not exist or its size cannot be read */
  static async open(path: string): Promise<PgnFile> {
    const { size } = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw new Error(cause.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read: ${cause.message}`, { cause });
    });
    return new PgnFile(path, size);
  }

  /**
   * Returns the next game that can be played, or null at the end of the file. Counts the unreadable games before it. Several callers may
   * wait at the same time.
   */
  async next(): Promise<PgnGame | null> {
    for (;;) {
      const read = await this.games.next();
      if (read.done) return null;
      if (read.value.ok) return read.value.game;
      this.unreadableCount += 1;
      if (this.unreadable.length < UNREADABLE_KEPT) this.unreadable.push(read.value.unreadable);
    }
  }

  /** Closes the file, even if it has more games. */
  async close(): Promise<void> {
    await this.games.return(undefined);
  }
}

/** Reads the whole file without playing a game. @throws an error that names the first unreadable games, if there are any */
export async function refuseUnreadable(path: string, progress: Progress = SILENT): Promise<void> {
  const file = await PgnFile.open(path);
  let count = 0;
  progress.begin(Math.ceil(file.bytes / KB), 'KB checked');
  while (await file.next()) {
    count += 1;
    progress.at(file.bytesRead / KB);
  }
  progress.end();
  if (file.unreadableCount === 0) return;
  const all = count + file.unreadableCount;
  throw new Error(
    [
      `${path} is refused, because --strict is set and ${file.unreadableCount} of its ${all} games cannot be read:`,
      ...linesOf(file.unreadable, file.unreadableCount, describeUnreadable),
    ].join('\n'),
  );
}

export function describeUnreadable({ number, title, line, reason }: UnreadableGame): string {
  return `game ${number} (${title}), line ${line}: ${reason}`;
}

/** Returns one line for each listed item, and a last line with the number of further items. */
export function linesOf<Item>(items: readonly Item[], count: number, describe: (item: Item) => string): string[] {
  const more = count - items.length;
  return [...items.map((item) => `  - ${describe(item)}`), ...(more > 0 ? [`  - and ${more} more`] : [])];
}

export const KB = 1_024;

/** Maximum number of unreadable games, and of remarks, that the report lists. The report only counts further ones. */
export const UNREADABLE_KEPT = 20;

/** Reads all games of a file in their order. */
export async function* readGames(path: string, onRead: (bytes: number) => void = () => {}): AsyncGenerator<ReadGame> {
  for await (const scanned of scanGames(counted(readLines(path), onRead))) yield replay(scanned);
}

async function* counted(lines: AsyncIterable<TextLine>, onRead: (bytes: number) => void): AsyncGenerator<TextLine> {
  for await (const line of lines) {
    onRead(line.bytesRead);
    yield line;
  }
}
