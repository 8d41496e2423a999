import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { LoadBalancerService, PlacementModule, PlacementReporter } from '#libs/placement';
import { type RoomId, serverId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { TelemetryModule } from '#libs/telemetry';
import { CHOICES, simulateBalance } from './placement-simulation.js';
import type { Report } from './section.js';

/** Measures placement through the whole service, as a lobby uses it, and the balance of a fleet in a simulation. */
export async function placementBench(report: Report): Promise<void> {
  balance(report);
  for (const servers of [2, 100, 10_000]) await throughput(servers, report);
}

const CHURN = { servers: 50, startsPerSecond: 200, lifeMs: 5_000, reportMs: 1_000, seconds: 60, seed: 7 };

function balance(report: Report): void {
  for (const choice of CHOICES) {
    const { mean, worst } = simulateBalance(choice, CHURN);
    const target = choice === 'atomic, ends reported' ? { atMost: 1.15 } : undefined;
    report(`balance: ${choice}, fullest ÷ average`, round(mean, 3), '×', target);
    report(`balance: ${choice}, at its worst`, round(worst, 3), '×');
  }
}

const SATURATED_MS = 2_000;
const IN_FLIGHT = 64;
const PACED_MS = 2_000;
const PACED_PER_SECOND = 10_000;

/** Measures the rate and latency of placements on this many servers. Uses its own Redis, because it registers fake servers. */
async function throughput(servers: number, report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const tools = pathToFileURL(join(process.cwd(), 'tools/redis/index.mjs')).href;
  const { startRedis } = (await import(tools)) as {
    startRedis: (options: { dir: string }) => Promise<{ url: string; stop: () => Promise<void> }>;
  };
  const redis = await startRedis({ dir });
  const app = await NestFactory.createApplicationContext(
    {
      module: class Bench {},
      imports: [
        RedisModule.forRoot({ url: redis.url }),
        TelemetryModule.forRoot({ server: serverId('lobby', 'bench'), level: 'silent', format: 'json' }),
        PlacementModule.forRoot(),
      ],
    },
    { logger: false },
  );
  try {
    await app.get(RedisConnections).ready();
    const reporter = app.get(PlacementReporter);
    const facts = { incarnation: 1, rooms: 0, players: 0, capacity: 1_000_000, games: { chess: [1] } };
    for (let first = 0; first < servers; first += 500) {
      const names = Array.from({ length: Math.min(500, servers - first) }, (_, index) => `bench-${first + index}`);
      await Promise.all(names.map((name) => reporter.report({ ...facts, server: serverId('game', name) })));
    }

    const balancer = app.get(LoadBalancerService);
    let rooms = 0;
    const place = () => balancer.place({ room: `room-${rooms++}` as RoomId, game: 'chess' });
    const { commands } = app.get(RedisConnections);
    await commands.call('CONFIG', 'RESETSTAT');
    const cpuBefore = process.cpuUsage();
    const saturated = await inFlight(IN_FLIGHT, SATURATED_MS, place);
    const cpu = process.cpuUsage(cpuBefore);
    // On a busy machine the cost of a placement says more than the number of placements.
    report(`${servers} servers, CPU of the caller`, round((cpu.user + cpu.system) / saturated.latenciesMs.length, 1), 'µs/placement');
    const inScripts = scriptMicroseconds(await commands.info('commandstats'));
    report(`${servers} servers, CPU of Redis in the script`, round(inScripts / saturated.latenciesMs.length, 1), 'µs/placement');
    report(`${servers} servers, ${IN_FLIGHT} in flight`, Math.round(saturated.perSecond), 'placements/s', { atLeast: 30_000 });
    report(`${servers} servers, ${IN_FLIGHT} in flight, p99`, round(percentile(saturated.latenciesMs, 0.99), 2), 'ms');
    const paced = await atRate(PACED_PER_SECOND, PACED_MS, place);
    report(`${servers} servers, ${PACED_PER_SECOND} placements/s, p50`, round(percentile(paced, 0.5), 2), 'ms');
    report(`${servers} servers, ${PACED_PER_SECOND} placements/s, p99`, round(percentile(paced, 0.99), 2), 'ms', { atMost: 10 });
  } finally {
    await app.close();
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

function scriptMicroseconds(commandStats: string): number {
  return Number(/^cmdstat_evalsha:.*usec=(\d+)/m.exec(commandStats)?.[1] ?? Number.NaN);
}

/** Runs as many acts as possible during `ms`, with `count` of them concurrently. */
async function inFlight(count: number, ms: number, act: () => Promise<unknown>): Promise<{ perSecond: number; latenciesMs: number[] }> {
  const latenciesMs: number[] = [];
  const start = performance.now();
  const work = async (): Promise<void> => {
    for (let now = performance.now(); now < start + ms; ) {
      await act();
      const then = performance.now();
      latenciesMs.push(then - now);
      now = then;
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  return { perSecond: (latenciesMs.length * 1_000) / (performance.now() - start), latenciesMs };
}

/** Runs acts at a steady rate, even when answers do not keep up. A latency counts from the time at which the act was due. */
async function atRate(perSecond: number, ms: number, act: () => Promise<unknown>): Promise<number[]> {
  const latenciesMs: number[] = [];
  const start = performance.now();
  const total = (perSecond * ms) / 1_000;
  const acts: Promise<void>[] = [];
  while (acts.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - start) * perSecond) / 1_000));
    while (acts.length < due) {
      const dueAt = start + (acts.length * 1_000) / perSecond;
      acts.push(act().then(() => void latenciesMs.push(performance.now() - dueAt)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(acts);
  return latenciesMs;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  void placementBench((what, value, unit) => console.log(`${what.padEnd(64)} ${value} ${unit}`));
}
