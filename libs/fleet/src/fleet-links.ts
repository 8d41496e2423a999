import { EventEmitter } from 'node:events';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type LinkPeer, Links, type ProbeResult } from '#libs/link';
import { HoldfastError, type ServerId, type ServerType } from '#libs/protocol';
import { Log, Metrics } from '#libs/telemetry';
import { Self } from './self.js';
import { type ServerChange, ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';
import { ServerRegistration } from './server-registration.js';

/** Interval in ms at which this process dials the servers of the directory to which it has no link. */
const REDIAL_MS = 200;
/**
 * Minimum time between two dials of a server with another `LINK_SECRET`, in ms. It is longer than the interval for other servers, because a
 * server changes its secret only when it restarts.
 */
const REDIAL_REFUSED_MS = 2_000;

/**
 * Keeps a link open to every server of the types that this process communicates with. When a link closes, `onLost` reports the server
 * immediately, long before a health check fails. When a server is evicted, the unanswered requests to this server fail at once.
 */
@Injectable()
export class FleetLinks implements OnModuleInit, OnModuleDestroy {
  private readonly news = new EventEmitter();
  private readonly types = new Set<ServerType>();
  private redialing: NodeJS.Timeout | null = null;
  private readonly refused = new Map<ServerId, { readonly port: number; readonly at: number }>();

  constructor(
    private readonly links: Links,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly registration: ServerRegistration,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {
    this.news.setMaxListeners(0);
  }

  onModuleInit(): void {
    this.links.onClosed((peer, reason) => this.lost(peer, reason));
    this.links.onRefused(({ id, port }) => {
      this.metrics.linkFailures.inc({ reason: 'refused' });
      this.refused.set(id, { port, at: performance.now() });
    });
    this.links.onOpened(({ id }) => this.refused.delete(id));
    // Closes all links, because the other servers have assigned them to the evicted incarnation. The next incarnation opens new links.
    this.registration.onEvicted(() => {
      for (const peer of [...this.links.all()]) peer.close('evicted');
    });
    this.directory.onChange((change) => this.failRequestsToEnded(change));
  }

  /** Keeps links to all servers of these types. Dials them as soon as the directory knows them and this process is registered. */
  keep(types: readonly ServerType[]): void {
    for (const type of types) this.types.add(type);
    if (!this.redialing) {
      this.directory.onChange(() => this.dialMissing());
      this.redialing = setInterval(() => this.dialMissing(), REDIAL_MS);
      this.redialing.unref();
    }
    this.dialMissing();
  }

  /** Returns the open link to a server, if it exists, for callers that cannot wait for a dial. */
  get(id: ServerId): LinkPeer | undefined {
    return this.links.get(id);
  }

  /** Returns whether a link to this incarnation of the server is open and has answered its last ping. */
  isWell({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): boolean {
    const peer = this.links.get(id);
    return peer?.isOpen === true && !peer.isSilent && peer.incarnation === incarnation;
  }

  /**
   * Returns whether the state of the links shows that a request to this server would fail. If this process keeps no permanent links to
   * servers of this type, a missing link does not count.
   */
  isOutOfReach(server: Pick<ServerRecord, 'id' | 'incarnation' | 'type'>): boolean {
    if (this.types.has(server.type)) return !this.isWell(server);
    const peer = this.links.get(server.id);
    return peer?.isOpen === true && peer.isSilent;
  }

  /**
   * Returns the link to a server, and dials the server if there is no link. Rejects with `server-lost` when this incarnation of the server
   * was evicted, when the open link is silent, or when the dial fails.
   */
  async to(record: Pick<ServerRecord, 'id' | 'incarnation' | 'linkHost' | 'linkPort'>): Promise<LinkPeer> {
    this.refuseEvicted(record);
    const known = this.links.get(record.id);
    if (known?.isOpen && known.isSilent) throw new HoldfastError('server-lost', `${record.id} does not answer on its link.`);
    const peer = await this.links.to({ id: record.id, host: record.linkHost, port: record.linkPort });
    this.refuseEvicted(record);
    return peer;
  }

  /** Dials a server to find out whether it is alive. Never rejects. */
  probe({ linkHost: host, linkPort: port }: ServerRecord, timeoutMs: number): Promise<ProbeResult> {
    return this.links.probe({ host, port, timeoutMs });
  }

  /** Number of bytes that wait in this process because other servers have not read them from the links yet. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const peer of this.links.all()) bytes += peer.backlogBytes;
    return bytes;
  }

  /** Calls `listener` when the link to a server has closed although this incarnation of the server is still alive in the directory. */
  onLost(listener: (server: ServerRecord) => void): void {
    this.news.on('lost', listener);
  }

  onModuleDestroy(): void {
    if (this.redialing) clearInterval(this.redialing);
  }

  private lost(peer: LinkPeer, reason: string): void {
    const record = this.directory.get(peer.id);
    if (!record || record.incarnation !== peer.incarnation || record.state === 'dead') return;
    this.metrics.linkFailures.inc({ reason: 'broken' });
    this.log.debug('link.lost', { server: peer.id, reason });
    this.news.emit('lost', record);
  }

  /**
   * Fails the requests that wait for the answer of an ended incarnation, because a suspended server would answer them only when it wakes.
   * Callers handle this failure as the loss of a link: the server may still execute the request. Keeps the links open, because an evicted
   * server that still runs asks over them whether other servers reach the store (`LocalStoreLossDetector`).
   */
  private failRequestsToEnded({ server: { id, incarnation, state } }: ServerChange): void {
    const isEvicted = state === 'dead';
    const lastEnded = isEvicted ? incarnation : incarnation - 1;
    this.links.failRequests({ id, incarnation: lastEnded }, `${id} ${isEvicted ? 'was evicted' : 'registered anew'} before it answered.`);
  }

  private refuseEvicted({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): void {
    const current = this.directory.get(id);
    if (current?.state === 'dead' && current.incarnation >= incarnation) throw new HoldfastError('server-lost', `${id} was evicted.`);
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
      // Closes the link to an earlier incarnation. `lost` does not report this link, because the directory has a newer incarnation.
      peer.close('registered anew');
    }
    const refused = this.refused.get(record.id);
    if (refused?.port === record.linkPort && performance.now() - refused.at < REDIAL_REFUSED_MS) return;
    this.to(record).catch(() => {});
  }

  /**
   * Returns whether this process dials the server. Between two servers of one type, only the server with the lower id dials, because one
   * link between them is enough.
   */
  private isOursToDial({ id, type }: ServerRecord): boolean {
    return type === this.self.type ? this.self.id < id : true;
  }
}
