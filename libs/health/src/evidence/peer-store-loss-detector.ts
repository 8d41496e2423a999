import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ExtensionExplorer } from '#libs/extension';
import type { ServerRecord } from '#libs/fleet';
import { CHECK_OPTIONS, type CheckOptions, STORE_LOST_MS } from '../health.options.js';
import { StoreContact } from '../ports.js';
import { StoreProbe } from './store-probe.js';

/**
 * Decides whether a server has lost the store. A server with a half-open Redis connection for channels receives no checks but still writes,
 * so it stays the owner of its rooms. A server without a write for `STORE_LOST_MS` cannot acknowledge commands, so other servers adopt its
 * rooms.
 */
@Injectable()
export class PeerStoreLossDetector implements OnModuleInit {
  private contact: StoreContact | null = null;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly ports: ExtensionExplorer,
    private readonly store: StoreProbe,
  ) {}

  onModuleInit(): void {
    this.contact = this.ports.single(StoreContact);
  }

  /**
   * Returns true when the last write of the server to the store is older than `STORE_LOST_MS`. Returns false when no write of the server is
   * known, or when the store answers this process too late. Rejects when the store does not answer at all.
   */
  async isLost(server: ServerRecord): Promise<boolean> {
    const silentMs = (await this.contact?.silentMs(server)) ?? null;
    if (silentMs === null || silentMs < STORE_LOST_MS) return false;
    return (await this.store.check(this.options.intervalMs)) === null;
  }
}
