import { redisName } from '#libs/redis';
import { CpuMeter } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Report, Section, Size } from '../section.js';
import { sleep } from '../tools.js';
import { detection } from './detection.js';

/** Measures how fast dead servers are detected, and the cost of checking a thousand servers, at the default interval of a second. */
export const health: Section = {
  name: 'health',
  about:
    'a game server ends in a fleet of three gateways; then one gateway checks 1,000 fake members, compared with the same fleet without them',
  async run(report, size) {
    await detection(report, size);
    await costOfRounds(report, size);
  },
};

async function costOfRounds(report: Report, { quick }: Size): Promise<void> {
  const [members, ms] = quick ? [200, 5_000] : [1_000, 10_000];
  const fleet = await BenchFleet.start();
  const load = new LoadProcess();
  try {
    const cpu = new CpuMeter({ ...fleet.pids(), members: load.pid });
    await sleep(ms / 2);
    const alone = cpu.seconds();
    await load.do.register({ redisUrl: fleet.redisUrl, count: members });
    await sleep(5_000);
    const before = await load.do.memberAnswers();
    cpu.restart();
    await sleep(ms);
    const used = cpu.seconds();
    const rounds = ((await load.do.memberAnswers()) - before) / members;
    report('rounds in the time', rounds, '');
    report('rounds a second', (rounds * 1_000) / ms, '/s', { atLeast: 0.9 });
    for (const name of ['redis', 'gateway', 'lobby', 'game']) {
      const added = used[name] - 2 * alone[name];
      report(`CPU of ${name} a round`, (added * 1_000) / rounds, 'ms');
    }
    report('share of a Redis core', ((used.redis - 2 * alone.redis) * 100_000) / ms, '%', { atMost: 5 });
    const dead = await countDead(fleet);
    report('healthy members evicted', dead, '', { atMost: 0 });
  } finally {
    await load.stop();
    await fleet.stop();
  }
}

async function countDead(fleet: BenchFleet): Promise<number> {
  const ids = await fleet.redis.smembers(redisName('servers'));
  const pipeline = fleet.redis.pipeline();
  for (const id of ids) pipeline.hget(id, 'state');
  return ((await pipeline.exec()) ?? []).filter(([, state]) => state === 'dead').length;
}
