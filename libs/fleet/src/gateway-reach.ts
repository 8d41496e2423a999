import { Injectable } from '@nestjs/common';
import { Links } from '#libs/link';
import type { ServerId } from '#libs/protocol';
import { FleetLinks } from './fleet-links.js';
import { Self } from './self.js';
import { ServerDirectory } from './server-directory.js';
import { ServerRegistration } from './server-registration.js';

/** A gateway that was just seen dials within this time, in ms. */
const DIALS_WITHIN_MS = 1_000;

/**
 * Do gateways reach this server? Gateways dial every server, so a server to which a majority of them has no link that speaks is cut
 * off: rooms that it took would have no players. The same majority evicts a server that has rooms (`UnreachableServers`).
 */
@Injectable()
export class GatewayReach {
  /** Gateways without a link, and since when. */
  private readonly missing = new Map<ServerId, number>();
  private readonly listeners: (() => void)[] = [];
  private wasCutOff = false;
  /** It was condemned before, maybe for this: it is believed to be reached when it is. */
  private mustProve = false;

  constructor(
    links: Links,
    registration: ServerRegistration,
    private readonly fleetLinks: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
  ) {
    links.onOpened(() => this.review());
    links.onClosed(() => this.review());
    links.onSilence(() => this.review());
    directory.onChange(() => this.review());
    registration.onEvicted(() => {
      this.mustProve = true;
    });
  }

  /** A majority of the gateways has no link to this server that speaks. False where there is no gateway. */
  get isCutOff(): boolean {
    const now = performance.now();
    const gateways = this.directory
      .byType('gateway')
      .filter(({ id, state, suspect, unheard }) => id !== this.self.id && state === 'ready' && suspect === 0 && !unheard);
    const ids = new Set(gateways.map(({ id }) => id));
    for (const id of this.missing.keys()) if (!ids.has(id)) this.missing.delete(id);
    let cut = 0;
    for (const gateway of gateways) {
      if (this.fleetLinks.isWell(gateway)) {
        this.missing.delete(gateway.id);
        continue;
      }
      const since = this.missing.get(gateway.id) ?? now;
      this.missing.set(gateway.id, since);
      // A silent link has been silent for longer than any dial takes.
      const isSilent = this.fleetLinks.get(gateway.id)?.isSilent === true;
      if (this.mustProve || isSilent || now - since >= DIALS_WITHIN_MS) cut += 1;
    }
    return gateways.length > 0 && cut >= Math.floor(gateways.length / 2) + 1;
  }

  /** Told when `isCutOff` has changed with a link or a gateway; time alone is told to nobody. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private review(): void {
    const { isCutOff } = this;
    if (isCutOff === this.wasCutOff) return;
    this.wasCutOff = isCutOff;
    for (const listener of this.listeners) listener();
  }
}
