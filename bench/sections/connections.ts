import { CpuMeter, residentKilobytes } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Section } from '../section.js';
import { sleep } from '../tools.js';

/** Idle players: the cost of each, and the rate at which they connect. */
export const connections: Section = {
  name: 'connections',
  about: 'idle sessions: memory of the gateway per session, and sessions welcomed per second',
  async run(report, { quick }) {
    const count = quick ? 2_000 : 10_000;
    for (const way of ['tcp', 'ws'] as const) {
      const fleet = await BenchFleet.start({ env: { CONNECTION_TIMEOUT_MS: '600000' } });
      const load = new LoadProcess();
      try {
        const [gateway] = fleet.of('gateway');
        const port = way === 'tcp' ? gateway.tcpPort : gateway.publicPort;
        // The first sessions are not counted, because they warm the code up.
        await load.do.idle({ port, way, count: 500, atOnce: 64 });
        await sleep(2_000);
        const before = residentKilobytes(gateway.pid);
        const cpu = new CpuMeter({ ...fleet.pids(), load: load.pid });
        const perSecond = await load.do.idle({ port, way, count, atOnce: 128 });
        const used = cpu.seconds();
        await sleep(3_000);
        const after = residentKilobytes(gateway.pid);
        report(`${way}: welcomed`, perSecond, '/s');
        report(`${way}: CPU of the gateway for each`, (used.gateway * 1_000) / count, 'ms');
        report(`${way}: gateway's memory for each`, (after - before) / count, 'KB', { atMost: way === 'tcp' ? 8 : 12 });
        const held = (await load.do.held()) - 500;
        report(`${way}: held`, held, '', { atLeast: count });
      } finally {
        await load.stop();
        await fleet.stop();
      }
    }
  },
};
