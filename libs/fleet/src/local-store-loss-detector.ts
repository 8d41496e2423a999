import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type LinkPeer, Links } from '#libs/link';
import { type Control, type ServerId, serverTypeOf } from '#libs/protocol';
import { StoreHealth } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { FleetLinks } from './fleet-links.js';
import { Self } from './self.js';
import { ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';

const POLL_MS = 500;
/** Duration of an outage of the store after which this server asks other servers, in ms. A reconnect takes less time. */
const ASK_AFTER_MS = 1_000;
/** Maximum number of servers to ask. In a fleet of any size, their answers show whether most servers still write to the store. */
const PEERS_MAX = 5;
/**
 * Maximum number of gateways among the servers that a gateway asks. The gateway must dial them, because gateways keep no links to each
 * other.
 */
const GATEWAYS_MAX = 2;
const ANSWER_MS = 400;
/**
 * Age of another server's last write, in ms, above which that server has probably lost the store, too. Possibly it has not noticed the loss
 * yet.
 */
const FRESH_MS = 2_000;
/**
 * Minimum time in ms by which the last write of another server must be later than the last write of this server. Only then does this server
 * conclude that the other server still has the store. Each server writes once a second, so after an outage for all servers the last writes
 * differ by up to a second.
 */
const LATER_MS = 1_500;

const NONE: ReadonlySet<ServerId> = new Set();

interface Answer {
  readonly id: ServerId;
  readonly wroteMs: number | null;
}

/**
 * Finds out whether only this server has lost the store. It asks other servers over its links for the time of their last write. In an
 * outage for all servers, this server waits. If only this server is cut off, other servers take over its work.
 */
@Injectable()
export class LocalStoreLossDetector implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private isPolling = false;
  /**
   * Number of consecutive rounds in which most of the asked servers wrote to the store and this server did not. `isLocal` needs two such
   * rounds, because in the first round of a general outage some servers have possibly not noticed the outage yet.
   */
  private localRounds = 0;
  private lastWriters: ReadonlySet<ServerId> = NONE;
  /** Gateways to which this gateway has opened a link only to request the time of their last write. */
  private readonly dialled = new Set<ServerId>();

  constructor(
    private readonly store: StoreHealth,
    private readonly links: Links,
    private readonly fleetLinks: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.poll(), POLL_MS);
    this.timer.unref();
    this.store.onChange(({ isAvailable }) => {
      if (isAvailable) this.reset();
    });
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** True when most of the asked servers write to the store but this server cannot. */
  get isLocal(): boolean {
    return this.localRounds >= 2;
  }

  /**
   * Servers that still write to the store, according to their answers in the last round. Empty while this server itself can write. The
   * directory does not show which servers write, because it does not change while the store is lost.
   */
  get writers(): ReadonlySet<ServerId> {
    return this.lastWriters;
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    if (this.store.unavailableForMs < ASK_AFTER_MS) {
      this.reset();
      return;
    }
    this.isPolling = true;
    try {
      const answers = (await Promise.all(this.pollServers())).filter((answer) => answer !== null);
      // The store has become reachable again during this round.
      if (this.store.unavailableForMs === 0) return this.reset();
      const ownAge = this.store.wroteMs ?? Number.POSITIVE_INFINITY;
      const ages = answers.map(({ wroteMs }) => wroteMs);
      this.lastWriters = new Set(answers.filter(({ wroteMs }) => countWriting(ownAge, [wroteMs]) > 0).map(({ id }) => id));
      this.closeDialled();
      const writing = this.lastWriters.size;
      const wasLocal = this.isLocal;
      this.localRounds = writing > ages.length / 2 ? this.localRounds + 1 : 0;
      if (this.isLocal && !wasLocal) this.log.error('store.lost-alone', { asked: ages.length, writing });
    } finally {
      this.isPolling = false;
    }
  }

  /** Asks gateways first, because only another gateway can admit the players of this gateway. */
  private pollServers(): Promise<Answer | null>[] {
    const gateways = this.self.type === 'gateway' ? this.gatewaysToPoll().map((record) => this.pollGateway(record)) : [];
    const peers = rotated([...this.links.all()].filter((peer) => peer.isOpen && !peer.isSilent && !this.isPolledAsGateway(peer)));
    return [...gateways, ...peers.slice(0, PEERS_MAX - gateways.length).map((peer) => this.pollPeer(peer))];
  }

  private isPolledAsGateway({ id }: LinkPeer): boolean {
    return this.self.type === 'gateway' && serverTypeOf(id) === 'gateway';
  }

  /**
   * Returns first the gateways that wrote in the last round, then other gateways in a random order. If some gateway writes to the store,
   * one of the next rounds therefore finds it.
   */
  private gatewaysToPoll(): ServerRecord[] {
    const others = this.directory
      .byType('gateway')
      .filter(({ id, state, linkPort }) => id !== this.self.id && state === 'ready' && linkPort > 0);
    const isWriter = ({ id }: ServerRecord) => this.lastWriters.has(id);
    return [...others.filter(isWriter), ...rotated(others.filter((other) => !isWriter(other)))].slice(0, GATEWAYS_MAX);
  }

  private async pollGateway(record: ServerRecord): Promise<Answer | null> {
    if (!this.fleetLinks.get(record.id)) this.dialled.add(record.id);
    let isLate = false;
    const dial = this.fleetLinks.to(record).then((peer) => {
      if (!isLate) return this.pollPeer(peer);
      peer.close('asked');
      return null;
    });
    const late = new Promise<null>((resolve) => {
      setTimeout(() => {
        isLate = true;
        resolve(null);
      }, 2 * ANSWER_MS).unref();
    });
    return Promise.race([dial.catch(() => null), late]);
  }

  private async pollPeer(peer: LinkPeer): Promise<Answer | null> {
    try {
      const { wroteMs } = (await peer.request('store.status', {}, { timeoutMs: ANSWER_MS })) as Control['store.status']['answer'];
      return { id: peer.id, wroteMs };
    } catch {
      return null;
    }
  }

  private reset(): void {
    this.localRounds = 0;
    this.lastWriters = NONE;
    this.closeDialled();
  }

  /**
   * Closes the links that this gateway opened only to request the time of the last write. Keeps the links to gateways that write, because
   * the next round asks them first.
   */
  private closeDialled(): void {
    for (const id of this.dialled) {
      if (this.lastWriters.has(id)) continue;
      this.dialled.delete(id);
      this.links.get(id)?.close('asked');
    }
  }
}

/**
 * Counts the servers that can write to the store while this server cannot.
 *
 * @param ownAge time since the last write of this server, in ms
 * @param ages time since the last write of each other server, in ms; null: the server has never written
 */
export function countWriting(ownAge: number, ages: readonly (number | null)[]): number {
  return ages.filter((age) => age !== null && age < FRESH_MS && age + LATER_MS < ownAge).length;
}

function rotated<T>(items: readonly T[]): T[] {
  const start = Math.floor(Math.random() * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}
