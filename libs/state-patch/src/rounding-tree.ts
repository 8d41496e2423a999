import { type Rounding, roundingTo } from './rounding.js';

/**
 * Steps by path. A path is a list of names joined by dots, such as `ships.*.x`. `*` stands for any key or index. A step applies to the
 * number at the path and to all numbers below it. The longest matching path decides, and of paths of one length the path with the fewest
 * `*`. 0: no rounding.
 */
export type StepsByPath = Readonly<Record<string, number>>;

/** The rounding of the numbers of a value, as a tree. `at` returns the node of a child. */
export class RoundingTree {
  private readonly other: RoundingTree;

  /**
   * @param round rounds the number at this node. Null: it stays as it is.
   * @param other the node of each child that is not in `children`. Undefined: this node
   */
  private constructor(
    readonly round: Rounding | null,
    private readonly children: ReadonlyMap<string, RoundingTree> = new Map(),
    other?: RoundingTree,
  ) {
    this.other = other ?? this;
  }

  /** True when all numbers below this node have the same rounding. */
  get isUniform(): boolean {
    return this.other === this && this.children.size === 0;
  }

  /** Returns the node of a child. */
  at(key: string | number): RoundingTree {
    const { children } = this;
    return children.size === 0 ? this.other : (children.get(String(key)) ?? this.other);
  }

  /**
   * @param steps the distance of two numbers, in the unit of the state, or such distances by path
   * @throws RangeError when a step or a path is not valid
   */
  static of(steps: number | StepsByPath): RoundingTree {
    if (typeof steps === 'number') return new RoundingTree(roundingTo(steps));
    const paths = Object.entries(steps).map(([path, step]): Path => {
      const names = path.split('.');
      if (names.includes('')) throw new RangeError(`The path "${path}" has an empty name: give names joined by dots, such as ships.*.x.`);
      if (typeof step !== 'number' || !(step >= 0 && step < Number.POSITIVE_INFINITY))
        throw new RangeError(
          `The step of ${path} is ${String(step)}: it must be a positive finite number, or 0 for numbers that stay as they are.`,
        );
      return { names, round: step === 0 ? null : roundingTo(step) };
    });
    if (paths.length > PATHS_MAX) throw new RangeError(`There are ${paths.length} paths: give at most ${PATHS_MAX}.`);
    paths.sort(byRank);
    return RoundingTree.below(paths, 0, null);
  }

  /**
   * @param paths the paths that fit up to here, in order of rank
   * @param depth the number of their names that are passed
   */
  private static below(paths: readonly Path[], depth: number, inherited: Rounding | null): RoundingTree {
    const here = paths.filter(({ names }) => names.length === depth).at(-1);
    const round = here === undefined ? inherited : here.round;
    const longer = paths.filter(({ names }) => names.length > depth);
    if (longer.length === 0) return new RoundingTree(round);
    const child = (key: string | null): RoundingTree =>
      RoundingTree.below(
        longer.filter(({ names }) => names[depth] === '*' || names[depth] === key),
        depth + 1,
        round,
      );
    const names = new Set(longer.map((path) => path.names[depth]!).filter((name) => name !== '*'));
    return new RoundingTree(round, new Map([...names].map((name) => [name, child(name)])), child(null));
  }
}

interface Path {
  readonly names: readonly string[];
  readonly round: Rounding | null;
}

/** Maximum number of paths, which limits the size of the tree. */
const PATHS_MAX = 64;

/** Sorts paths by precedence, the lowest first. A later path replaces the rounding of an earlier path. */
function byRank(a: Path, b: Path): number {
  return a.names.length - b.names.length || stars(b) - stars(a);
}

function stars({ names }: Path): number {
  return names.filter((name) => name === '*').length;
}
