import { Injectable } from '@nestjs/common';
import { Links } from '#libs/link';
import type { Control } from '#libs/protocol';
import { StoreHealth } from '#libs/redis';

/** Reports the state of this process for operators, such as its memory and its links. */
@Injectable()
export class SelfReport {
  constructor(
    private readonly links: Links,
    private readonly store: StoreHealth,
  ) {}

  read(): Control['server.inspect']['answer'] {
    return {
      pid: process.pid,
      node: process.version,
      uptimeMs: Math.round(process.uptime() * 1_000),
      heapBytes: process.memoryUsage().heapUsed,
      storeAvailable: this.store.whyNot === null,
      links: [...this.links.all()].map(({ id, incarnation, isSilent, backlogBytes }) => ({
        server: id,
        incarnation,
        silent: isSilent,
        backlogBytes,
      })),
    };
  }
}
