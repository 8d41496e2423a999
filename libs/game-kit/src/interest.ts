/** An entity with a position. */
export interface InterestPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * Two distances: an entity becomes visible within `enter`, and invisible beyond `leave`. `leave` is larger, so that an entity at the edge
 * does not flicker.
 */
export interface InterestRadius {
  readonly enter: number;
  readonly leave: number;
}

/**
 * Finds the entities near a place with a grid of cells. Create one grid for each state, and call `near` for each player. Equal states give
 * equal results, because the results are in the order of the entities.
 *
 * @example
 * const grid = new InterestGrid(state.ships, 100);
 * for (const ship of state.ships) ship.sees = grid.near(ship, { enter: 100, leave: 120 }, ship.sees);
 */
export class InterestGrid {
  private readonly cells = new Map<number, number[]>();

  /**
   * @param entities the entities; the results contain indices of this list
   * @param cellSize length of a cell's side, best about the radius that `near` gets; smaller or larger cells are slower
   */
  constructor(
    private readonly entities: readonly InterestPoint[],
    private readonly cellSize: number,
  ) {
    if (!(cellSize > 0)) throw new Error(`The cells of an InterestGrid have the size ${cellSize}: give a number above 0.`);
    for (let index = 0; index < entities.length; index++) {
      const key = this.keyOf(this.cellOf(entities[index]!.x), this.cellOf(entities[index]!.y));
      const cell = this.cells.get(key);
      if (cell) cell.push(index);
      else this.cells.set(key, [index]);
    }
  }

  /**
   * Returns the indices of the entities within `enter` of a place, and of the entities in `before` that are still within `leave`, in
   * ascending order. Returns `before` itself when nothing has changed.
   */
  near({ x, y }: InterestPoint, { enter, leave }: InterestRadius, before: readonly number[] = []): readonly number[] {
    const found: number[] = [];
    for (let column = this.cellOf(x - leave); column <= this.cellOf(x + leave); column++) {
      for (let row = this.cellOf(y - leave); row <= this.cellOf(y + leave); row++) {
        for (const index of this.cells.get(this.keyOf(column, row)) ?? []) {
          const entity = this.entities[index]!;
          const square = (entity.x - x) ** 2 + (entity.y - y) ** 2;
          if (square <= enter ** 2 || (square <= leave ** 2 && before.includes(index))) found.push(index);
        }
      }
    }
    found.sort((a, b) => a - b);
    return found.length === before.length && found.every((index, at) => index === before[at]) ? before : found;
  }

  private cellOf(coordinate: number): number {
    return Math.floor(coordinate / this.cellSize);
  }

  /** Keys are unique up to 2^25 cells from the origin. Cells at a greater distance can share a key, which only makes `near` slower. */
  private keyOf(column: number, row: number): number {
    return column * 2 ** 26 + row;
  }
}
