import type { ServerType } from '#libs/protocol';
import type { ChaosFleet } from './chaos-fleet.js';
import type { Fault } from './faults.js';

const WHOLE_MS = 30_000;
const ORDER = ['gateway', 'lobby', 'game'] as const satisfies ServerType[];

/** A deployment: drains and restarts the servers one after the other. After each server, waits until the fleet is complete. */
export class RollingRestart {
  readonly done: Fault[] = [];
  private isOver = false;
  private running: Promise<void> | null = null;

  constructor(
    private readonly fleet: ChaosFleet,
    private readonly tell: (fault: Fault) => void,
  ) {}

  run(): Promise<void> {
    this.running ??= this.restartAll();
    return this.running;
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async restartAll(): Promise<void> {
    for (const server of ORDER.flatMap((type) => this.fleet.of(type))) {
      if (this.isOver) return;
      const fault: Fault = { kind: `restart-${server.type}`, what: server.id, from: performance.now(), until: Number.POSITIVE_INFINITY };
      this.done.push(fault);
      this.tell(fault);
      await server.drain();
      await server.start();
      await this.fleet.whole(WHOLE_MS);
      fault.until = performance.now();
    }
  }
}
