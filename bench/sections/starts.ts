import { CpuMeter } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Section } from '../section.js';

/** How fast games come to be, and how evenly. */
export const starts: Section = {
  name: 'starts',
  about: 'rooms made, joined and begun; quick joins; 100 games begun in one moment on two servers',
  async run(report, { quick }) {
    const ms = quick ? 2_000 : 5_000;
    const fleet = await BenchFleet.start({ games: 2 });
    const load = new LoadProcess();
    try {
      const [{ tcpPort: port }] = fleet.of('gateway');
      const burst = await load.do.atOnce({ port, game: 'fleeting', rooms: 100 });
      const counts = [...(await fleet.roomsOf(burst.rooms)).values()];
      report('100 at once: on the fuller of two servers', Math.max(...counts), 'rooms', { atMost: 55 });
      report('100 at once: until the last is played', burst.ms, 'ms');

      // What is measured is compiled code.
      await load.do.starts({ port, game: 'fleeting', pairs: 64, ms });
      for (const game of ['fleeting', 'durable']) {
        const cpu = new CpuMeter({ ...fleet.pids(), load: load.pid });
        const made = await load.do.starts({ port, game, pairs: 64, ms });
        report(`${game}: rooms made, joined, begun, left`, made.perSecond, '/s', game === 'fleeting' ? { atLeast: 3_200 } : undefined);
        report(`${game}: one of them p50, 64 at once`, made.p50Ms, 'ms');
        const used = cpu.seconds();
        const rooms = (made.perSecond * ms) / 1_000;
        for (const name of Object.keys(used)) report(`${game}: CPU of ${name}`, (used[name] * 1_000) / rooms, 'ms/room');
      }
      const matched = await load.do.matches({ port, game: 'fleeting', count: 128, ms });
      report('quick joins (players placed)', matched.perSecond, '/s', { atLeast: 780 });
      report('quick joins: one p50, 128 at once', matched.p50Ms, 'ms');
    } finally {
      await load.stop();
      await fleet.stop();
    }
  },
};
