import type { ChaosFleet } from './chaos-fleet.js';
import type { Findings } from './findings.js';
import type { Chance } from './random.js';

/** A fault that the tool caused. Times are those of `performance.now()`. */
export interface Fault {
  readonly kind: string;
  readonly what: string;
  readonly from: number;
  /** The time at which the fault had ended and the fleet was complete again. Infinite until then. */
  until: number;
}

export interface Kind {
  readonly name: string;
  /**
   * The weight of this kind in the random choice, relative to the weights of all kinds. A kind with weight 0 happens only with `--faults`.
   */
  readonly weight: number;
  /** True: no other fault of a server or of Redis may happen during this fault. */
  readonly isAlone?: boolean;
  /** True: the fault affects only players. Such a fault may happen during another fault. */
  readonly isOfPlayers?: boolean;
  /**
   * Chooses the target of a fault. Returns null when the fault is not possible now: there is no target, or the fault would affect the last
   * server of a type.
   */
  plan(): Plan | null;
}

export interface Plan {
  readonly what: string;
  act(): Promise<void>;
}

/** The objects that each kind of fault needs: the fleet, random numbers, and the findings to which it adds violations. */
export interface World {
  readonly fleet: ChaosFleet;
  readonly chance: Chance;
  readonly findings: Findings;
}

/** Causes random faults until `stop()`. Each kind happens once before any kind happens a second time. */
export class Faults {
  readonly done: Fault[] = [];
  private readonly underWay = new Set<Promise<void>>();
  /** The kinds of the current faults of servers and of Redis. */
  private readonly kindsUnderWay: Kind[] = [];
  private isOver = false;
  private wake: () => void = () => {};

  constructor(
    private readonly all: readonly Kind[],
    private readonly chance: Chance,
    private readonly everyMs: number,
    private readonly only: readonly string[],
    private readonly tell: (fault: Fault) => void,
  ) {
    const unknown = only.filter((name) => all.every((kind) => kind.name !== name));
    if (unknown.length > 0)
      throw new Error(`There are no faults named ${unknown.join(', ')}. The faults are: ${all.map(({ name }) => name).join(', ')}.`);
  }

  async run(): Promise<void> {
    const kinds = this.all.filter(({ name, weight }) => (this.only.length === 0 ? weight > 0 : this.only.includes(name)));
    const bag = kinds.flatMap((kind) => Array<Kind>(Math.max(1, kind.weight)).fill(kind));
    const fresh = new Set(kinds);
    while (!this.isOver) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, this.everyMs * this.chance.between(0.5, 1.5));
      });
      if (this.isOver) return;
      const kind = this.chance.pick(fresh.size > 0 ? [...fresh] : bag) as Kind;
      const plan = this.mayBegin(kind) ? kind.plan() : null;
      if (!plan) continue;
      fresh.delete(kind);
      this.begin(kind, plan);
    }
  }

  /** Causes no more faults. Resolves when all current faults have ended. */
  async stop(): Promise<void> {
    this.isOver = true;
    this.wake();
    await Promise.all(this.underWay);
  }

  private mayBegin({ isAlone = false, isOfPlayers = false }: Kind): boolean {
    if (isOfPlayers) return true;
    return isAlone ? this.kindsUnderWay.length === 0 : this.kindsUnderWay.every((other) => !other.isAlone);
  }

  private begin(kind: Kind, { what, act }: Plan): void {
    const fault: Fault = { kind: kind.name, what, from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.done.push(fault);
    this.tell(fault);
    if (!kind.isOfPlayers) this.kindsUnderWay.push(kind);
    const doing = act().finally(() => {
      fault.until = performance.now();
      this.underWay.delete(doing);
      const index = this.kindsUnderWay.indexOf(kind);
      if (index !== -1) this.kindsUnderWay.splice(index, 1);
    });
    this.underWay.add(doing);
  }
}
