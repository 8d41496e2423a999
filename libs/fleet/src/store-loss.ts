import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Links } from '#libs/link';
import type { Control } from '#libs/protocol';
import { StoreHealth } from '#libs/redis';
import { Log } from '#libs/telemetry';

const LOOK_MS = 500;
/** Length of an outage after which this server asks other servers, in ms. A reconnect takes less. */
const ASK_AFTER_MS = 1_000;
/** Number of servers to ask: enough for a majority in a fleet of any size. */
const ASKED_MAX = 5;
const ANSWER_MS = 400;
/** A server whose last write is older than this, in ms, has also lost the store, even if it does not know it yet. */
const FRESH_MS = 2_000;
/**
 * The last write of another server must be later than the last write of this one by more than this, in ms. Each server
 * writes once a second, so in an outage for all servers the last writes differ by up to a second.
 */
const LATER_MS = 1_500;

/**
 * Finds out whether only this server has lost the store. It asks other servers over its links for the time of their last
 * write. In an outage for all servers this server waits. If only this server is cut off, it should leave its work to
 * others.
 */
@Injectable()
export class StoreLoss implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private isAsking = false;
  /** Consecutive rounds with that result. Two are needed: in the first round the others may not have noticed an outage yet. */
  private saidSo = 0;

  constructor(
    private readonly store: StoreHealth,
    private readonly links: Links,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    this.timer.unref();
    this.store.onChange(({ isAvailable }) => {
      if (isAvailable) this.saidSo = 0;
    });
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** True when most of the asked servers write to the store and this server cannot. */
  get isAlone(): boolean {
    return this.saidSo >= 2;
  }

  private async look(): Promise<void> {
    if (this.isAsking) return;
    if (this.store.unavailableForMs < ASK_AFTER_MS) {
      this.saidSo = 0;
      return;
    }
    this.isAsking = true;
    try {
      const peers = [...this.links.all()].filter((peer) => peer.isOpen && !peer.isSilent);
      const start = Math.floor(Math.random() * peers.length);
      const asked = [...peers.slice(start), ...peers.slice(0, start)].slice(0, ASKED_MAX);
      const answers = await Promise.allSettled(asked.map((peer) => peer.request('store.status', {}, { timeoutMs: ANSWER_MS })));
      const ages = answers.flatMap((answer) =>
        answer.status === 'fulfilled' ? [(answer.value as Control['store.status']['answer']).wroteMs] : [],
      );
      // The store may have come back meanwhile.
      const ownAge = this.store.unavailableForMs > 0 ? (this.store.wroteMs ?? Number.POSITIVE_INFINITY) : 0;
      const writing = countWriting(ownAge, ages);
      const wasAlone = this.isAlone;
      this.saidSo = writing > ages.length / 2 ? this.saidSo + 1 : 0;
      if (this.isAlone && !wasAlone) this.log.error('store.lost-alone', { asked: ages.length, writing });
    } finally {
      this.isAsking = false;
    }
  }
}

/**
 * Counts the servers that use the store while this one cannot.
 *
 * @param ownAge time since the last write of this server, in ms
 * @param ages the same of other servers; null: a server that has never written
 */
export function countWriting(ownAge: number, ages: readonly (number | null)[]): number {
  return ages.filter((age) => age !== null && age < FRESH_MS && age + LATER_MS < ownAge).length;
}
