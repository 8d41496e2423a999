import { Inject, Injectable } from '@nestjs/common';
import { FleetLinks, type ServerRecord } from '#libs/fleet';
import type { ProbeResult } from '#libs/link';
import { CHECK_OPTIONS, type CheckOptions, DIAL_INTERVALS } from '../health.options.js';

/** Dials the link ports of servers: a path to a server that does not depend on Redis. */
@Injectable()
export class ServerDials {
  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly links: FleetLinks,
  ) {}

  /** The time limit of one dial, in ms. */
  get limitMs(): number {
    return DIAL_INTERVALS * this.options.intervalMs;
  }

  /**
   * Dials the link port of a server. For a server without a link port, the result is `silent`, so that the verdict depends only on missed
   * health checks.
   */
  dial(server: ServerRecord): Promise<ProbeResult> {
    if (server.linkPort === 0) return Promise.resolve('silent');
    return this.links.probe(server, this.limitMs);
  }
}
