import { Injectable } from '@nestjs/common';

/** Null: fine. Else what is amiss, in words for an operator. */
export type ReadinessCheck = () => string | null;

/** Whether this server should be sent work; each part of it says so for itself. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();

  add(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** What is not ready, by name; empty: all is. */
  notReady(): Readonly<Record<string, string>> {
    const missing: Record<string, string> = {};
    for (const [name, check] of this.checks) {
      const why = check();
      if (why !== null) missing[name] = why;
    }
    return missing;
  }
}
