import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Links } from '#libs/link';
import type { Control } from '#libs/protocol';
import { StoreHealth } from '#libs/redis';
import { Log } from '#libs/telemetry';

const LOOK_MS = 500;
/** Without the store for so long since that was noticed, and others are asked, in ms. A reconnect takes less. */
const ASK_AFTER_MS = 1_000;
/** Servers that are asked: enough for a majority, in a fleet of any size. */
const ASKED_MAX = 5;
const ANSWER_MS = 400;
/** A server whose last write is older than this has lost the store, too, and may not know it yet, in ms. Each writes once a second. */
const FRESH_MS = 2_000;

/**
 * Has this server alone lost the store? It asks other servers over its links when they wrote last. A store that is away for all is
 * waited for; a server that is cut off from it alone should leave its work to others.
 */
@Injectable()
export class StoreLoss implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private isAsking = false;
  /** Asked twice: one answer may have been on its way when the store went away for all. */
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

  /** Most of the servers that were asked write to the store, and this one cannot. */
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
      const writing = ages.filter((age) => age !== null && age < FRESH_MS).length;
      const wasAlone = this.isAlone;
      this.saidSo = writing > ages.length / 2 ? this.saidSo + 1 : 0;
      if (this.isAlone && !wasAlone) this.log.error('store.lost-alone', { asked: ages.length, writing });
    } finally {
      this.isAsking = false;
    }
  }
}
