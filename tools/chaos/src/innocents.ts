import type { Redis } from 'ioredis';
import type { ServerView } from '#libs/admin';
import { redisName } from '#libs/redis';
import type { ChaosFleet } from './chaos-fleet.js';
import type { Findings } from './findings.js';
import { until } from './until.js';

/** Reports an eviction as a violation when no fault had affected the server. */
export class Innocents {
  private readonly hearing: Redis;

  constructor(fleet: ChaosFleet, findings: Findings) {
    this.hearing = fleet.client.duplicate();
    // The tool interrupts Redis on purpose, so errors of this connection are no violations.
    this.hearing.on('error', () => {});
    this.hearing.on('message', (_, text: string) => {
      for (const { kind, server, reason } of JSON.parse(text) as { kind: string; server?: string; reason: string }[]) {
        if (kind !== 'server.evicted') continue;
        findings.counts.evictions += 1;
        const condemned = fleet.servers.find(({ id }) => id === server);
        if (condemned && !condemned.wasHarmed) findings.violation(`${server} was evicted as ${reason}, and no fault had affected it`);
      }
    });
    // Ignores an error, because ioredis subscribes again after each reconnect.
    void this.hearing.subscribe(redisName('events')).catch(() => {});
  }

  stop(): void {
    this.hearing.disconnect();
  }
}

/** Waits until every server is ready, not suspect, not cordoned and not withheld. */
export async function allOpen(fleet: ChaosFleet, deadlineMs: number): Promise<void> {
  await until(
    async () => {
      const { text } = await fleet.of('gateway')[0].ask('GET', '/api/servers');
      const { servers } = JSON.parse(text) as { servers: ServerView[] };
      for (const { id } of fleet.servers) {
        const known = servers.find((server) => server.id === id);
        if (!known) throw new Error(`${id} is not listed`);
        const { state, suspect, unheard, cordoned, withheld, type, willing } = known;
        const isOpen = state === 'ready' && suspect === 0 && !unheard && !cordoned && withheld.length === 0 && (type !== 'game' || willing);
        if (!isOpen) throw new Error(`${id} is not open: ${JSON.stringify({ state, suspect, unheard, cordoned, withheld, willing })}`);
      }
      return true;
    },
    deadlineMs,
    250,
  );
}
