import { EventEmitter } from 'node:events';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type LinkPeer, Links, type ProbeResult } from '#libs/link';
import { HoldfastError, type ServerId, type ServerType } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { Self } from './self.js';
import { ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';
import { ServerRegistration } from './server-registration.js';

/** How soon a lost link is dialled again while the directory still has the server. */
const REDIAL_MS = 200;
/** And one that holds another `LINK_SECRET`, which only a restart changes. */
const REDIAL_REFUSED_MS = 2_000;

/**
 * Keeps a link open to every server of the types this process talks to. A link that closes is news: `onLost` tells of
 * it at once, long before a health check would.
 */
@Injectable()
export class FleetLinks implements OnModuleDestroy {
  private readonly news = new EventEmitter();
  private readonly types = new Set<ServerType>();
  private redialing: NodeJS.Timeout | null = null;
  private readonly refused = new Map<ServerId, { readonly port: number; readonly at: number }>();

  constructor(
    private readonly links: Links,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    registration: ServerRegistration,
    private readonly log: Log,
  ) {
    this.news.setMaxListeners(0);
    links.onClosed((peer, reason) => this.lost(peer, reason));
    links.onRefused(({ id, port }) => this.refused.set(id, { port, at: performance.now() }));
    links.onOpened(({ id }) => this.refused.delete(id));
    // What was agreed on these links was agreed with an incarnation that is over; the next one introduces itself anew.
    registration.onEvicted(() => {
      for (const peer of [...links.all()]) peer.close('evicted');
    });
  }

  /** From now on every server of these types, too, is dialled as soon as the directory knows it and this one is registered. */
  keep(types: readonly ServerType[]): void {
    for (const type of types) this.types.add(type);
    if (!this.redialing) {
      this.directory.onChange(() => this.dialMissing());
      this.redialing = setInterval(() => this.dialMissing(), REDIAL_MS);
      this.redialing.unref();
    }
    this.dialMissing();
  }

  /** The open link to a server, if there is one; for those who cannot wait for a dial. */
  get(id: ServerId): LinkPeer | undefined {
    return this.links.get(id);
  }

  /** There is a link to this incarnation of the server, and something was heard on it a moment ago. */
  isWell({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): boolean {
    const peer = this.links.get(id);
    return peer?.isOpen === true && !peer.isSilent && peer.incarnation === incarnation;
  }

  /** The link to a server, dialled if needed. Rejects with `server-lost`, at once where the link there is has fallen silent. */
  async to(record: Pick<ServerRecord, 'id' | 'linkHost' | 'linkPort'>): Promise<LinkPeer> {
    const known = this.links.get(record.id);
    if (known?.isOpen && known.isSilent) throw new HoldfastError('server-lost', `${record.id} does not answer on its link.`);
    return this.links.to({ id: record.id, host: record.linkHost, port: record.linkPort });
  }

  /** Dials a server just to see whether it lives. Never rejects. */
  probe({ linkHost: host, linkPort: port }: ServerRecord, timeoutMs: number): Promise<ProbeResult> {
    return this.links.probe({ host, port, timeoutMs });
  }

  /** What this process holds for servers that have not read it. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const peer of this.links.all()) bytes += peer.backlogBytes;
    return bytes;
  }

  /** A link to a server that the directory still holds for alive has closed. */
  onLost(listener: (server: ServerRecord) => void): void {
    this.news.on('lost', listener);
  }

  onModuleDestroy(): void {
    if (this.redialing) clearInterval(this.redialing);
  }

  private lost(peer: LinkPeer, reason: string): void {
    const record = this.directory.get(peer.id);
    if (!record || record.incarnation !== peer.incarnation || record.state === 'dead') return;
    this.log.debug('link.lost', { server: peer.id, reason });
    this.news.emit('lost', record);
  }

  private dialMissing(): void {
    if (this.self.incarnation === 0 || this.self.state === 'dead') return;
    for (const type of this.types) {
      for (const record of this.directory.byType(type)) {
        if (record.linkPort > 0 && this.isOursToDial(record) && (record.state === 'ready' || record.state === 'draining'))
          this.ensure(record);
      }
    }
  }

  private ensure(record: ServerRecord): void {
    const peer = this.links.get(record.id);
    if (peer?.isOpen) {
      if (peer.incarnation >= record.incarnation) return;
      // What was agreed on this link ended with the incarnation; and the loss of a link that seems older is no news.
      peer.close('registered anew');
    }
    const refused = this.refused.get(record.id);
    if (refused?.port === record.linkPort && performance.now() - refused.at < REDIAL_REFUSED_MS) return;
    this.to(record).catch(() => {});
  }

  /** Of two that keep links to each other, the lower id dials: two links at once would outlive each other by turns. */
  private isOursToDial({ id, type }: ServerRecord): boolean {
    return type === this.self.type ? this.self.id < id : true;
  }
}
