import { Injectable } from '@nestjs/common';

/** Returns null when ready, else a reason for the operator. */
export type ReadinessCheck = () => string | null;

/** Knows whether this server should get work. Each part of the server registers its own check. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();

  add(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** Returns why the server is not ready, by the name of each failed check. Empty: the server is ready. */
  notReady(): Readonly<Record<string, string>> {
    const missing: Record<string, string> = {};
    for (const [name, check] of this.checks) {
      const why = check();
      if (why !== null) missing[name] = why;
    }
    return missing;
  }
}
