import { Injectable } from '@nestjs/common';

/** Returns null when the part of the server is ready, otherwise the reason, for the operator. */
export type ReadinessCheck = () => string | null;

/** Decides whether this server should get work. Each part of the server registers a check. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();

  add(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** Returns the reason of each failed check, by the name of the check. Empty: the server is ready. */
  notReady(): Readonly<Record<string, string>> {
    const missing: Record<string, string> = {};
    for (const [name, check] of this.checks) {
      const why = check();
      if (why !== null) missing[name] = why;
    }
    return missing;
  }
}
