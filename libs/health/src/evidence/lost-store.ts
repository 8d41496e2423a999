import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { ServerRecord } from '#libs/fleet';
import { CHECK_OPTIONS, CHECKER_OPTIONS, type CheckOptions, type HealthCheckerOptions, STORE_LOST_MS } from '../health.options.js';
import type { StoreContact } from '../ports.js';
import { StoreProbe } from './store-probe.js';

/**
 * Decides whether a server has lost the store. A server with a half-open subscription receives nothing but still writes, so it keeps its
 * rooms. A server that has written nothing for `STORE_LOST_MS` cannot acknowledge commands, so other servers adopt its rooms.
 */
@Injectable()
export class LostStore implements OnApplicationBootstrap {
  private contact: StoreContact | null = null;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    @Inject(CHECKER_OPTIONS) private readonly checkerOptions: HealthCheckerOptions,
    private readonly modules: ModuleRef,
    private readonly store: StoreProbe,
  ) {}

  onApplicationBootstrap(): void {
    const { contact } = this.checkerOptions;
    this.contact = contact ? this.modules.get(contact, { strict: false }) : null;
  }

  /**
   * False also when nothing is known about the server, or when this process gets no answers from the store in time. Rejects when the store
   * is away.
   */
  async isLost(server: ServerRecord): Promise<boolean> {
    const silentMs = (await this.contact?.silentMs(server)) ?? null;
    if (silentMs === null || silentMs < STORE_LOST_MS) return false;
    return (await this.store.check(this.options.intervalMs)) === null;
  }
}
