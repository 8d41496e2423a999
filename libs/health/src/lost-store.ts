import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { ServerRecord } from '#libs/fleet';
import { CHECK_OPTIONS, CHECKER_OPTIONS, type CheckOptions, type HealthCheckerOptions, STORE_LOST_MS } from './health.options.js';
import type { StoreContact } from './ports.js';
import { StoreProbe } from './store-probe.js';

/**
 * Has a server lost the store? One that only hears nothing through it (a half-open subscription) still writes, and keeps its rooms.
 * One that has written nothing for `STORE_LOST_MS` cannot acknowledge a move, so its rooms are better off elsewhere.
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

  /** False also where nothing is known, or this process has trouble with the store itself. Rejects when the store is away. */
  async isLost(server: ServerRecord): Promise<boolean> {
    const silentMs = (await this.contact?.silentMs(server)) ?? null;
    if (silentMs === null || silentMs < STORE_LOST_MS) return false;
    return (await this.store.look(this.options.intervalMs)) === null;
  }
}
