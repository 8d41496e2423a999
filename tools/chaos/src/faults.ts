import type { ServerType } from '#libs/protocol';
import type { ChaosFleet, ChaosServer } from './chaos-fleet.js';
import type { Chance } from './random.js';
import { pause } from './until.js';

/** One that was done, and when by `performance.now()`. */
export interface Fault {
  readonly kind: string;
  readonly what: string;
  readonly from: number;
  /** When all was put back; infinite until then. */
  until: number;
}

interface Kind {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** What it would do now; null: it would leave none of its kind. */
  plan(): Plan | null;
}

interface Plan {
  readonly what: string;
  act(): Promise<void>;
}

/** A stop that is noticed and forgiven, and one that ends in an eviction: two to three checks of a second. */
const SHORT_STOP_MS = [150, 900] as const;
const LONG_STOP_MS = [4_500, 7_500] as const;
const DOWN_MS = [300, 3_000] as const;

/** Does faults, at random by its chance alone, until it is told to stop. */
export class Faults {
  readonly done: Fault[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private isOver = false;
  private wake: () => void = () => {};

  constructor(
    private readonly fleet: ChaosFleet,
    private readonly chance: Chance,
    private readonly everyMs: number,
    private readonly only: readonly string[],
    private readonly tell: (fault: Fault) => void,
  ) {}

  async run(): Promise<void> {
    const kinds = this.kinds().filter(({ name }) => this.only.length === 0 || this.only.includes(name));
    if (kinds.length === 0)
      throw new Error(
        `no such faults; there are ${this.kinds()
          .map(({ name }) => name)
          .join(', ')}`,
      );
    const bag = kinds.flatMap((kind) => Array<Kind>(this.only.length > 0 ? Math.max(1, kind.weight) : kind.weight).fill(kind));
    while (!this.isOver) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, this.everyMs * this.chance.between(0.5, 1.5));
      });
      if (this.isOver) return;
      const kind = this.chance.pick(bag) as Kind;
      const plan = kind.plan();
      if (plan) this.begin(kind.name, plan);
    }
  }

  /** No more of them; resolves when all is put back. */
  async stop(): Promise<void> {
    this.isOver = true;
    this.wake();
    await Promise.all(this.underWay);
  }

  private begin(kind: string, { what, act }: Plan): void {
    const fault: Fault = { kind, what, from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.done.push(fault);
    this.tell(fault);
    const doing = act().finally(() => {
      fault.until = performance.now();
      this.underWay.delete(doing);
    });
    this.underWay.add(doing);
  }

  private kinds(): Kind[] {
    const types: [ServerType, number][] = [
      ['game', 4],
      ['gateway', 2],
      ['lobby', 1],
    ];
    return [
      ...types.flatMap(([type, weight]): Kind[] => [
        { name: `kill-${type}`, weight, plan: () => this.withOne(type, (server) => this.kill(server)) },
        { name: `stop-${type}`, weight, plan: () => this.withOne(type, (server) => this.stopFor(server, SHORT_STOP_MS)) },
        { name: `hang-${type}`, weight, plan: () => this.withOne(type, (server) => this.stopFor(server, LONG_STOP_MS)) },
        { name: `drain-${type}`, weight, plan: () => this.withOne(type, (server) => this.drain(server)) },
      ]),
      { name: 'kill-redis', weight: 2, plan: () => this.killRedis() },
      { name: 'pause-redis', weight: 2, plan: () => this.pauseRedis() },
      // Only by name: beside a game server that dies at the same moment it takes with it what nobody holds any more.
      { name: 'flush-redis', weight: 0, plan: () => this.flushRedis() },
      { name: 'cut-client', weight: 3, plan: () => this.onAWire('one player', () => this.fleet.wires.cutOne(this.chance)) },
      { name: 'silence-client', weight: 2, plan: () => this.onAWire('one player', () => this.fleet.wires.silenceOne(this.chance)) },
    ];
  }

  /** One that is up, while another of its kind is. */
  private withOne(type: ServerType, planFor: (server: ChaosServer) => Plan): Plan | null {
    const up = this.fleet.of(type).filter(({ condition }) => condition === 'up');
    return up.length < 2 ? null : planFor(this.chance.pick(up) as ChaosServer);
  }

  private kill(server: ChaosServer): Plan {
    const downMs = this.chance.between(...DOWN_MS);
    return {
      what: `${server.id}, back after ${Math.round(downMs)} ms`,
      act: async () => {
        await server.kill();
        await pause(downMs);
        await server.start();
      },
    };
  }

  private stopFor(server: ChaosServer, [low, high]: readonly [number, number]): Plan {
    const ms = this.chance.between(low, high);
    return {
      what: `${server.id} for ${Math.round(ms)} ms`,
      act: async () => {
        server.stop();
        await pause(ms);
        server.continue();
      },
    };
  }

  private drain(server: ChaosServer): Plan {
    return {
      what: server.id,
      act: async () => {
        await server.drain();
        await server.start();
      },
    };
  }

  private killRedis(): Plan | null {
    if (this.fleet.redisCondition !== 'up') return null;
    const downMs = this.chance.between(500, 3_000);
    return {
      what: `back after ${Math.round(downMs)} ms`,
      act: async () => {
        await this.fleet.killRedis();
        await pause(downMs);
        await this.fleet.restartRedis();
      },
    };
  }

  private onAWire(what: string, act: () => void): Plan | null {
    return this.fleet.wires.count === 0 ? null : { what, act: async () => act() };
  }

  private flushRedis(): Plan | null {
    const isWell = this.fleet.redisCondition === 'up' && this.fleet.servers.every(({ condition }) => condition === 'up');
    return isWell ? { what: 'emptied', act: async () => void (await this.fleet.client.flushall()) } : null;
  }

  private pauseRedis(): Plan | null {
    if (this.fleet.redisCondition !== 'up') return null;
    const ms = this.chance.between(200, 3_500);
    return {
      what: `for ${Math.round(ms)} ms`,
      act: async () => {
        this.fleet.stopRedis();
        await pause(ms);
        this.fleet.continueRedis();
      },
    };
  }
}
