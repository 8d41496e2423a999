import { redisName } from '#libs/redis';
import { CpuMeter } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Section } from '../section.js';
import { nowMs, percentile, sleep } from '../tools.js';

/** The end of a full server: its rooms, with long logs, are recovered at the same time on two other servers. */
export const recovery: Section = {
  name: 'recovery',
  about: '1,000 rooms with 200 changes each in their logs, recovered on two other servers',
  async run(report, { quick }) {
    const [rooms, changes] = quick ? [200, 50] : [1_000, 200];
    // Without checkpoints all changes are replayed. Without a ramp both new servers share the rooms.
    const fleet = await BenchFleet.start({
      games: 1,
      env: { CHECKPOINT_EVERY_CHANGES: '100000', CHECKPOINT_EVERY_MS: '3600000', PLACEMENT_RAMP_MS: '0' },
    });
    const load = new LoadProcess();
    const ears = fleet.redis.duplicate();
    try {
      const [{ tcpPort }] = fleet.of('gateway');
      const ids = await load.do.enter({ ports: [tcpPort], way: 'tcp', game: 'durable', rooms, seats: 2, payloadBytes: 64 });
      // Only one seat plays and waits for each answer, so that no two changes share an append.
      await load.do.closed({ count: changes, seat: 0 });
      const length = await fleet.redis.llen(redisName(`room:{${ids[0]}}:log`));
      report('changes in a log', length, '');

      const [victim] = fleet.of('game');
      await Promise.all([fleet.launch('game', '2'), fleet.launch('game', '3')]);
      await fleet.whole();
      await sleep(1_000);

      let evictedAt = 0;
      await ears.subscribe(redisName('fleet'));
      ears.on('message', (_, text: string) => {
        const { kind, server } = JSON.parse(text) as { kind: string; server: string };
        if (kind === 'evicted' && server === victim.id) evictedAt ||= nowMs();
      });
      const pids = fleet.pids();
      delete pids['game 1'];
      const cpu = new CpuMeter(pids);
      await load.do.mark();
      const killedAt = nowMs();
      victim.child.kill('SIGKILL');
      let back: readonly number[] = [];
      for (const deadline = killedAt + 30_000; back.length < 2 * rooms && nowMs() < deadline; await sleep(100))
        ({ back } = await load.do.seen());
      const used = cpu.seconds();

      report('players not back', 2 * rooms - back.length, '', { atMost: 0 });
      report('kill -9 to eviction', evictedAt - killedAt, 'ms', { atMost: 500 });
      report('eviction to the first player back', percentile(back, 0) - evictedAt, 'ms');
      report('eviction to half of them back', percentile(back, 0.5) - evictedAt, 'ms');
      report('eviction to the last player back', percentile(back, 1) - evictedAt, 'ms', { atMost: 1_500 });
      for (const name of Object.keys(used)) report(`CPU of ${name}`, (used[name] * 1_000) / rooms, 'ms/room');
      await load.do.closed({ count: 1 });
      const { lost, doubled } = await load.do.verdict();
      report('commands lost', lost, '', { atMost: 0 });
      report('commands applied twice', doubled, '', { atMost: 0 });
    } finally {
      ears.disconnect();
      await load.stop();
      await fleet.stop();
    }
  },
};
