import { CpuMeter } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import { perMillion, type Section } from '../section.js';
import { sleep } from '../tools.js';

const GAMES = ['fleeting', 'durable'] as const;
const RATES = [1_000, 5_000, 10_000] as const;

/** Time from a command to its acknowledgement, in rooms of two, and the time that storing each change adds. */
export const latency: Section = {
  name: 'latency',
  about: 'rooms of two, one in, two out: durability none compared with every-change, at the same rates',
  async run(report, { quick }) {
    const [rooms, ms] = quick ? [200, 2_000] : [1_000, 5_000];
    const fleet = await BenchFleet.start();
    const loads = { fleeting: new LoadProcess(), durable: new LoadProcess() };
    try {
      const ports = fleet.of('gateway').map(({ tcpPort }) => tcpPort);
      for (const game of GAMES) await loads[game].do.enter({ ports, way: 'tcp', game, rooms, seats: 2, payloadBytes: 64 });
      // Warms both up, so that compiled code is measured.
      for (const game of GAMES) await loads[game].do.closed({ ms: 2_500 });
      for (const rate of RATES) {
        const measured: Record<string, { p50Ms: number; p99Ms: number; cpu: number }> = {};
        for (const game of GAMES) {
          const load = loads[game];
          await load.do.pace({ perSecond: rate });
          await sleep(1_500);
          const cpu = new CpuMeter({ ...fleet.pids(), load: load.pid });
          const played = await load.do.paceCounted({ ms });
          const used = cpu.seconds();
          await load.do.stopPace();
          const head = `${rate}/s, ${game}`;
          report(`${head}: answered`, played.perSecond, '/s', { atLeast: 0.95 * rate });
          report(`${head}: p50`, played.p50Ms, 'ms');
          report(`${head}: p99`, played.p99Ms, 'ms', game === 'durable' && rate === 10_000 ? { atMost: 10 } : undefined);
          report(`${head}: generator late p99`, played.generatorLateMs, 'ms');
          for (const name of Object.keys(used)) report(`${head}: CPU of ${name}`, perMillion(used[name], played.acknowledged), 's/M');
          const cost = used.gateway + used.game + used.redis;
          measured[game] = { p50Ms: played.p50Ms, p99Ms: played.p99Ms, cpu: perMillion(cost, played.acknowledged) };
        }
        const { fleeting, durable } = measured;
        const target = rate === 10_000;
        report(`${rate}/s: p50 added by durability`, durable.p50Ms - fleeting.p50Ms, 'ms', target ? { atMost: 1 } : undefined);
        report(`${rate}/s: p99 added by durability`, durable.p99Ms - fleeting.p99Ms, 'ms', target ? { atMost: 10 } : undefined);
        report(`${rate}/s: CPU of gateway, game and Redis, durable ÷ fleeting`, durable.cpu / fleeting.cpu, '×');
      }
      for (const game of GAMES) {
        const { lost, doubled } = await loads[game].do.verdict();
        report(`${game}: commands lost`, lost, '', { atMost: 0 });
        report(`${game}: commands applied twice`, doubled, '', { atMost: 0 });
      }
    } finally {
      for (const game of GAMES) await loads[game].stop();
      await fleet.stop();
    }
  },
};
