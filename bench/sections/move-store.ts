import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Section } from '../section.js';
import { percentile, sleep, startRedis } from '../tools.js';

/** A fleet that moves to another Redis while its players play. */
export const moveStore: Section = {
  name: 'move-store',
  about: 'players of 1,000 rooms at 1,000 durable commands per second, while the fleet moves to another Redis',
  async run(report, { quick }) {
    const [rooms, perSecond] = quick ? [200, 400] : [1_000, 1_000];
    const home = await mkdtemp(join(tmpdir(), 'holdfast-bench-move-'));
    const next = await startRedis({ dir: join(home, 'redis'), appendonly: true });
    const fleet = await BenchFleet.start({ gateways: 2, games: 3, hasUrlFile: true });
    const load = new LoadProcess();
    try {
      const ports = fleet.of('gateway').map(({ tcpPort }) => tcpPort);
      await load.do.enter({ ports, way: 'tcp', game: 'durable', rooms, seats: 2, payloadBytes: 16 });
      await load.do.pace({ perSecond });
      await sleep(2_000);
      await load.do.mark();
      const { servers, switchMs } = await move(fleet, next.url);
      await sleep(2_000);
      const { worstWaitsMs, unanswered } = await load.do.seen();
      // The load must go on without the old Redis. Without a listener, ioredis prints each failed attempt to connect.
      fleet.redis.on('error', () => {});
      await fleet.redis.shutdown('NOSAVE').catch(() => {});
      await sleep(2_000);
      await load.do.stopPace();
      const { acknowledged, refused, lost, doubled } = await load.do.verdict();
      report('servers moved', servers, '', { atLeast: fleet.servers.length });
      report('until the new Redis took over', switchMs, 'ms');
      report('worst wait for an answer, all players, p50', percentile(worstWaitsMs, 0.5), 'ms');
      report('worst wait for an answer, all players, p99', percentile(worstWaitsMs, 0.99), 'ms');
      report('worst wait for an answer, all players, max', percentile(worstWaitsMs, 1), 'ms', { atMost: 2_000 });
      report('unanswered at the end', unanswered, '');
      report('commands acknowledged', acknowledged, '');
      report('commands refused', refused, '');
      report('commands lost', lost, '', { atMost: 0 });
      report('commands applied twice', doubled, '', { atMost: 0 });
    } finally {
      await load.stop();
      await fleet.stop();
      await next.stop();
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    }
  },
};

/** Runs the command of an operator. */
async function move(fleet: BenchFleet, to: string): Promise<{ readonly servers: number; readonly switchMs: number }> {
  await writeFile(`${fleet.redisUrlFile}.new`, to);
  await rename(`${fleet.redisUrlFile}.new`, fleet.redisUrlFile);
  const command = ['tools/fleet/run.mjs', '--json', 'move-store', '--from', fleet.redisUrl, '--to', to];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`move-store ended with ${code}: ${output}`);
  return JSON.parse(output) as { servers: number; switchMs: number };
}
