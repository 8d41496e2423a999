import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportWorstWaits, withDurableRooms } from '../durable-rooms.js';
import type { BenchFleet } from '../fleet.js';
import type { Section } from '../section.js';
import { sleep, startRedis } from '../tools.js';

/** A fleet that moves to another Redis while its players play. */
export const moveStore: Section = {
  name: 'move-store',
  about: 'players of 1,000 rooms at 1,000 durable commands per second, while the fleet moves to another Redis',
  async run(report, { quick }) {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-bench-move-'));
    const next = await startRedis({ dir: join(home, 'redis'), appendonly: true });
    try {
      await withDurableRooms({ report, quick, shape: { hasUrlFile: true } }, async ({ fleet, load }) => {
        await load.do.mark();
        const { servers, switchMs } = await move(fleet, next.url);
        await sleep(2_000);
        const { worstWaitsMs, unanswered } = await load.do.seen();
        // The load must go on without the old Redis. Without a listener, ioredis prints each failed attempt to connect.
        fleet.redis.on('error', () => {});
        await fleet.redis.shutdown('NOSAVE').catch(() => {});
        await sleep(2_000);
        report('servers moved', servers, '', { atLeast: fleet.servers.length });
        report('until the new Redis took over', switchMs, 'ms');
        reportWorstWaits(report, worstWaitsMs, [[0.5], [0.99], [1, { atMost: 2_000 }]]);
        report('unanswered at the end', unanswered, '');
      });
    } finally {
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
