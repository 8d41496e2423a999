import type { ChaosFleet } from './chaos-fleet.js';
import type { Findings } from './findings.js';
import type { Chance } from './random.js';

/** One that was done, and when by `performance.now()`. */
export interface Fault {
  readonly kind: string;
  readonly what: string;
  readonly from: number;
  /** When all was put back; infinite until then. */
  until: number;
}

export interface Kind {
  readonly name: string;
  /** How often it is chosen, beside the others; 0: only by name. */
  readonly weight: number;
  /** Nothing befalls a server or the store beside it. */
  readonly isAlone?: boolean;
  /** It befalls players only, and may come beside any other. */
  readonly isOfPlayers?: boolean;
  /** What it would do now; null: it would leave none of its kind, or there is nothing to do it to. */
  plan(): Plan | null;
}

export interface Plan {
  readonly what: string;
  act(): Promise<void>;
}

/** What faults are done to, and where what they find is written. */
export interface World {
  readonly fleet: ChaosFleet;
  readonly chance: Chance;
  readonly findings: Findings;
}

/** Does faults, at random by its chance alone, until it is told to stop. Each kind comes once before any comes again. */
export class Faults {
  readonly done: Fault[] = [];
  private readonly underWay = new Set<Promise<void>>();
  /** Kinds under way that befall servers or the store. */
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
    if (unknown.length > 0) throw new Error(`no such faults: ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
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

  /** No more of them; resolves when all is put back. */
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
