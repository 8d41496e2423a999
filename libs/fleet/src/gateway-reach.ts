import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Links } from '#libs/link';
import type { ServerId } from '#libs/protocol';
import { FleetLinks } from './fleet-links.js';
import { Self } from './self.js';
import { ServerDirectory } from './server-directory.js';
import { ServerRegistration } from './server-registration.js';

/**
 * Time within which a gateway must dial this server, in ms. A gateway that has no link after this time counts as cut off from this server.
 */
const DIALS_WITHIN_MS = 1_000;

/**
 * Finds out whether the gateways reach this server. Every gateway dials every server. This server is cut off when a majority of the
 * gateways has no working link to it, because its rooms then have no players. The same majority evicts a server that has rooms
 * (`UnreachableServers`).
 */
@Injectable()
export class GatewayReach implements OnModuleInit {
  /** For each gateway without a working link: the time since which the link is missing, in ms of the monotonic clock. */
  private readonly missing = new Map<ServerId, number>();
  private readonly listeners: (() => void)[] = [];
  /** The last returned value of `isCutOff`. */
  private lastRead = false;
  /** The last value of `isCutOff` that the listeners received. */
  private reported = false;
  /**
   * True from an eviction until a majority of the gateways has a working link. Meanwhile a gateway without a working link counts as cut off
   * at once and not only after `DIALS_WITHIN_MS`, because the missing link may be the cause of the eviction.
   */
  private mustProve = false;

  constructor(
    private readonly links: Links,
    private readonly registration: ServerRegistration,
    private readonly fleetLinks: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
  ) {}

  onModuleInit(): void {
    this.links.onOpened(() => this.review());
    this.links.onClosed(() => this.review());
    this.links.onSilence(() => this.review());
    this.directory.onChange(() => this.review());
    this.registration.onEvicted(() => {
      this.mustProve = true;
    });
  }

  /** True when a majority of the gateways has no working link to this server. False when there are no gateways. */
  get isCutOff(): boolean {
    const now = performance.now();
    const gateways = this.directory
      .byType('gateway')
      .filter(({ id, state, suspect, unheard }) => id !== this.self.id && state === 'ready' && suspect === 0 && !unheard);
    const ids = new Set(gateways.map(({ id }) => id));
    for (const id of this.missing.keys()) if (!ids.has(id)) this.missing.delete(id);
    let cut = 0;
    let reached = 0;
    for (const gateway of gateways) {
      if (this.fleetLinks.isWell(gateway)) {
        this.missing.delete(gateway.id);
        reached += 1;
        continue;
      }
      const since = this.missing.get(gateway.id) ?? now;
      this.missing.set(gateway.id, since);
      // A silent link counts as missing at once, because it has been silent for longer than a dial takes.
      const isSilent = this.fleetLinks.get(gateway.id)?.isSilent === true;
      if (this.mustProve || isSilent || now - since >= DIALS_WITHIN_MS) cut += 1;
    }
    const majority = Math.floor(gateways.length / 2) + 1;
    if (reached >= majority) this.mustProve = false;
    this.lastRead = gateways.length > 0 && cut >= majority;
    return this.lastRead;
  }

  /**
   * Calls `listener` when a change of a link or a gateway has changed `isCutOff`. Does not call it when `isCutOff` changes only because
   * time has passed.
   */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private review(): void {
    const before = this.lastRead;
    const { isCutOff } = this;
    if (isCutOff === before && isCutOff === this.reported) return;
    this.reported = isCutOff;
    for (const listener of this.listeners) listener();
  }
}
