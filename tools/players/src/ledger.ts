/** A cell of the board that the player of this seat has marked. */
export interface Place {
  readonly seat: number;
  readonly cell: number;
}

/** The board in the last state that a player received. */
export interface SeenBoard {
  readonly version: number;
  readonly cells: readonly (number | null)[];
  readonly moves: number;
}

export interface Verdict {
  /** Number of acknowledged moves that are missing on the board. */
  readonly lost: number;
  /** Number of moves that a player received twice, or that the game counted twice. */
  readonly doubled: number;
}

/**
 * The record of one game: the acknowledged moves, the events that both players received, and the last board. Pure. The tool evaluates it
 * after the game. It contains no move without an answer, because the room perhaps did not apply that move.
 */
export class GameLedger {
  private readonly acknowledged: Place[] = [];
  /** For each player, the moves that the player received as events. */
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

  /** Keeps only the newest board that any of the two players has received, because a player can be away at the end. */
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
