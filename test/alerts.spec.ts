import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TicTacToe } from '#games/tic-tac-toe';
import { ROOT } from '../tools/process/paths.mjs';
import { eventually } from '../tools/process/until.mjs';
import { findPrometheus } from '../tools/prometheus/find-prometheus.mjs';
import { type Fleet, startFleet, until } from './harness/index.js';
import { Prometheus } from './harness/prometheus.js';

const run = promisify(execFile);
const SOON_MS = 30_000;
/**
 * Alerts that these tests ignore. This spec shortens the times of the rules, so one slow second of a busy test machine can cause these
 * alerts. `test/long/alerts.spec.ts` tests them.
 */
const OF_A_BUSY_MACHINE: ReadonlySet<string> = new Set(['HoldfastEventLoopLag', 'HoldfastStoreSlow', 'HoldfastAcknowledgementsSlow']);

describe('the alert rules', () => {
  it('pass their unit tests with promtool', async () => {
    const promtool = await findPrometheus('promtool');
    if ('missing' in promtool) throw new Error(promtool.missing);
    const tests = join(ROOT, 'deploy/prometheus/holdfast.rules.test.yml');
    const { stdout } = await run(promtool.command, ['test', 'rules', tests], { env: promtool.env });
    expect(stdout).toContain('SUCCESS');
  }, 120_000);
});

describe('each alert rule', () => {
  it('fires in a test with a real Prometheus', async () => {
    const rules = await readFile(join(ROOT, 'deploy/prometheus/holdfast.rules.yml'), 'utf8');
    const tests = await Promise.all(['test/alerts.spec.ts', 'test/long/alerts.spec.ts'].map((path) => readFile(join(ROOT, path), 'utf8')));
    const caused = tests.flatMap((text) => text.match(/'Holdfast\w+'/g) ?? []);
    expect([...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => `'${name}'`).filter((name) => !caused.includes(name))).toEqual([]);
  });
});

describe('the table of alerts in docs/operations.md', () => {
  it('has a row for each alert of the rules, with its severity', async () => {
    const rules = await readFile(join(ROOT, 'deploy/prometheus/holdfast.rules.yml'), 'utf8');
    const alerts = [...rules.matchAll(/alert: (\w+)[\s\S]*?severity: (\w+)/g)].map(([, name, severity]) => `\`${name}\` (${severity})`);
    const page = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
    const rows = [...page.matchAll(/^\| (`Holdfast\w+` \(\w+\)) \|/gm)].map(([, row]) => row);
    expect(alerts.length).toBeGreaterThan(20);
    expect(rows).toEqual(alerts);
  });
});

describe('a real Prometheus that evaluates the alert rules of a fleet', () => {
  let fleet: Fleet;
  let prometheus: Prometheus;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 1 });
    prometheus = await Prometheus.start(targets());
    await until(async () => (await prometheus.value('count(up == 1)')) === fleet.servers.length, SOON_MS);
  }, 180_000);
  afterAll(async () => {
    await prometheus?.stop();
    await fleet?.stop();
  });

  const targets = (): string[] => fleet.servers.map(({ opsUrl }) => new URL(opsUrl).host);
  const names = async (): Promise<string[]> => {
    const firing = (await prometheus.firing()).map(({ labels }) => labels.alertname as string);
    return [...new Set(firing)].filter((name) => !OF_A_BUSY_MACHINE.has(name)).sort();
  };
  /** Waits until each of these alerts has fired at least once. The alerts need not fire at the same time. */
  const fired = async (...wanted: string[]): Promise<void> => {
    const seen = new Set<string>();
    await eventually(async () => {
      for (const name of await names()) seen.add(name);
      expect([...seen]).toEqual(expect.arrayContaining(wanted));
    }, SOON_MS);
  };
  const quiet = (): Promise<void> => eventually(async () => expect(await names()).toEqual([]), SOON_MS);

  it('fires no alert while a game is played', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    await rooms[0].send('place', { cell: 0 });
    const evaluated = await prometheus.evaluations();
    // After 20 evaluations, every alert whose condition holds has fired: the longest window has 8 seconds, and a condition must hold for
    // one second.
    await until(async () => (await prometheus.evaluations()) > evaluated + 20, SOON_MS);
    // On a busy machine, a gateway sometimes does not trust its own checks, so the alert about void checks can fire, too.
    expect((await names()).filter((name) => name !== 'HoldfastHealthChecksVoid')).toEqual([]);
    await rooms[0].leave();
  });

  it('answers every query of the Grafana dashboard with metrics that servers export', async () => {
    const dashboard = JSON.parse(await readFile(join(ROOT, 'deploy/grafana/holdfast-fleet.json'), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '10s')));
    expect(queries.length).toBeGreaterThan(20);
    for (const query of queries) await prometheus.value(query);

    const pages = await Promise.all(fleet.servers.map((server) => server.ops('/metrics')));
    const exported = new Set(pages.flatMap(({ text }) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)));
    const named = queries.flatMap((query) => query.match(/\b(holdfast|process)_\w+/g) ?? []).map((name) => name.replace(/_bucket$/, ''));
    expect(named.filter((name) => !exported.has(name))).toEqual([]);
  });

  it('fires an alert while the only game server is lost, and clears the alert when the server is back', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const owner = fleet.games[0]!;
    owner.kill();
    await fired(
      'HoldfastTargetDown',
      'HoldfastServersMissing',
      'HoldfastServerEvicted',
      'HoldfastNoFreeSlots',
      'HoldfastRoomsWithoutOwner',
      'HoldfastGameServersWanted',
    );
    await fleet.restart(owner);
    // The server gets another ops port with the restart. So Prometheus needs the new targets.
    await prometheus.scrape(targets());
    await quiet();
    await rooms[0].leave();
  });

  it('fires an alert while the memory policy of Redis allows evictions of keys, and clears the alert after the policy is corrected', async () => {
    await fleet.redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await fired('HoldfastStoreEvicts');
    await fleet.redis.client.config('SET', 'maxmemory-policy', 'noeviction');
    await quiet();
  });

  it('fires an alert while Redis does not answer, and clears the alert after the next answer', async () => {
    fleet.redis.pause();
    try {
      await fired('HoldfastStoreUnavailable', 'HoldfastHealthChecksVoid');
    } finally {
      fleet.redis.resume();
    }
    await quiet();
  });

  it('fires an alert while the LINK_SECRET of one server differs from that of the fleet', async () => {
    const stranger = await fleet.startStranger('game', 'stranger', 'another secret for this test only');
    await fired('HoldfastLinksRefused');
    stranger.kill('SIGTERM');
    await stranger.exited;
    await quiet();
  });
});
