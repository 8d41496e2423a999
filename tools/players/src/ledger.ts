/** One place on the board taken by one seat. */
export interface Place {
  readonly seat: number;
  readonly cell: number;
}

/** The board as a player saw it last. */
export interface SeenBoard {
  readonly version: number;
  readonly cells: readonly (number | null)[];
  readonly moves: number;
}

export interface Verdict {
  /** Acknowledged, and not on the board. */
  readonly lost: number;
  /** Told of twice, or counted more than once. */
  readonly doubled: number;
}

/**
 * The book of one game: what both players were promised, what both were told, and the last board. Pure; asked once the
 * game is over. A command without an answer may be in the game or not, and is in no column.
 */
export class GameLedger {
  private readonly acknowledged: Place[] = [];
  /** By player: what each was told happened. */
  private readonly told = new Map<string, Place[]>();
  private board: SeenBoard | null = null;

  get moves(): number {
    return this.acknowledged.length;
  }

  wasAcknowledged(place: Place): void {
    this.acknowledged.push(place);
  }

  wasTold(player: string, place: Place): void {
    const known = this.told.get(player) ?? [];
    known.push(place);
    this.told.set(player, known);
  }

  /** The newer board counts: a player may have been away at the end. */
  wasSeen(board: SeenBoard): void {
    if (this.board === null || board.version > this.board.version) this.board = board;
  }

  verdict(): Verdict {
    const { board } = this;
    if (board === null) return { lost: this.acknowledged.length, doubled: 0 };
    const lost = this.acknowledged.filter(({ seat, cell }) => board.cells[cell] !== seat).length;
    const marked = board.cells.filter((cell) => cell !== null).length;
    const toldTwice = [...this.told.values()].map(repeats);
    return { lost, doubled: Math.max(repeats(this.acknowledged), board.moves - marked, ...toldTwice) };
  }
}

function repeats(places: readonly Place[]): number {
  return places.length - new Set(places.map(({ seat, cell }) => `${seat}:${cell}`)).size;
}
