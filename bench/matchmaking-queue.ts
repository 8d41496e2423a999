import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  DefaultMatchStrategy,
  GameRounds,
  MatchHost,
  type MatchRecord,
  type StoredTicket,
  type TicketBody,
  TicketStore,
} from '#libs/matchmaking';
import { type MatchRules, matchRules, type RoomId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import type { StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import type { Report } from './section.js';

/** Numbers of tickets that wait and find no opponent. */
const WAITING = [1_000, 10_000, 100_000];
/** Duration of one measurement, in ms. */
const MEASURED_MS = 10_000;
const MEASURED_QUICK_MS = 2_000;
/** Tickets that are added and have no match yet. */
const OUTSTANDING = 2_000;
/** Points between two tickets that wait. Their windows do not reach each other. */
const APART = 100;

const RULES: MatchRules = matchRules(
  { min: 2, max: 2 },
  {
    rating: true,
    skill: { from: 20, to: 20, overMs: 1 },
    fillMs: 0,
    maxWaitMs: 3_600_000,
    expireMs: 3_600_000,
    backfill: { running: false },
  },
);

/**
 * Measures tickets through Redis: adding, reading, the decision of the default strategy, the commit and the end of the match. Rooms are not
 * made. Each new ticket finds its opponent among the other new tickets, while many others wait.
 */
export async function queueBench(report: Report, { quick }: { readonly quick: boolean }): Promise<void> {
  for (const waiting of quick ? WAITING.slice(0, 2) : WAITING) await throughput(waiting, quick ? MEASURED_QUICK_MS : MEASURED_MS, report);
}

/** Makes no rooms. Notes when each ticket is in a match. */
class BenchHost extends MatchHost {
  readonly committed = new Map<string, number>();

  constructor(private readonly store: TicketStore) {
    super();
  }

  override newRoomId(): RoomId {
    return randomUUID() as RoomId;
  }
  override rulesOf(): MatchRules {
    return RULES;
  }
  override async openRooms(): Promise<[]> {
    return [];
  }
  override async make(match: MatchRecord): Promise<void> {
    for (const id of match.tickets) this.committed.set(id, performance.now());
    await this.store.finish(match);
  }
  override async offer(): Promise<void> {}
  override async lapse(): Promise<void> {}
  override async ended(): Promise<void> {}
  override async progress(): Promise<void> {}
  override async changedParties(): Promise<readonly StoredTicket[]> {
    return [];
  }
}

async function throughput(waiting: number, measuredMs: number, report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const tools = pathToFileURL(join(process.cwd(), 'tools/redis/index.mjs')).href;
  const { startRedis } = (await import(tools)) as {
    startRedis: (options: { dir: string }) => Promise<{ url: string; stop: () => Promise<void> }>;
  };
  const redis = await startRedis({ dir });
  const connections = new RedisConnections({ url: redis.url });
  await connections.ready();
  const generation = { onConnected: () => {}, current: 'run', isSettled: true } as unknown as StoreGeneration;
  const store = new TicketStore(connections, generation);
  const host = new BenchHost(store);
  const log = new Log({ server: serverId('lobby', 'bench'), level: 'silent', format: 'json' });
  try {
    for (let at = 0; at < waiting; at += 1_000)
      await Promise.all(Array.from({ length: Math.min(1_000, waiting - at) }, (_, index) => add(store, (at + index) * APART)));
    const claim = await store.claimRounds('bench', 'bench', 60_000);
    const ports = { store, strategy: new DefaultMatchStrategy(), host, generation, log, lobby: 'bench', graceMs: 60_000 };
    const rounds = new GameRounds('bench', ports, claim!);
    const began = performance.now();
    const running = rounds.run();
    await rounds.settle('');
    report(`${waiting.toLocaleString('en')} waiting: first round, with reading all tickets`, Math.round(performance.now() - began), 'ms');
    const added = new Map<string, number>();
    const end = performance.now() + measuredMs;
    while (performance.now() < end) {
      if (added.size - host.committed.size >= OUTSTANDING) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      await Promise.all(Array.from({ length: 25 }, () => addPair(store, added, Math.floor(Math.random() * waiting))));
      rounds.wake();
    }
    const matched = host.committed.size;
    const waits = [...host.committed].map(([id, at]) => at - (added.get(id) ?? at)).sort((a, b) => a - b);
    report(`${waiting.toLocaleString('en')} waiting: tickets matched`, Math.round((matched * 1_000) / measuredMs), '/s', {
      atLeast: 5_000,
    });
    report(`${waiting.toLocaleString('en')} waiting: time to a match, median`, Math.round(percentile(waits, 0.5)), 'ms');
    report(`${waiting.toLocaleString('en')} waiting: time to a match, p99`, Math.round(percentile(waits, 0.99)), 'ms', { atMost: 1_000 });
    rounds.stop();
    await running;
  } finally {
    connections.onApplicationShutdown();
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function add(store: TicketStore, mu: number): Promise<string> {
  const user = randomUUID() as UserId;
  const ticket: TicketBody = {
    id: user,
    game: 'bench',
    players: [{ user, name: 'bench', asked: { turn: 1, number: 1 }, rating: { mu, sigma: 50 } }],
  };
  await store.add(ticket, { event: 'cancelled', reason: 'entered-room' });
  return user;
}

/** Adds two tickets that find each other, between two tickets that wait. */
async function addPair(store: TicketStore, added: Map<string, number>, place: number): Promise<void> {
  const mu = place * APART + APART / 2;
  const at = performance.now();
  for (const id of await Promise.all([add(store, mu), add(store, mu)])) added.set(id, at);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
