import { CpuMeter } from '../cpu.js';
import { type DurableRooms, reportWorstWaits, withDurableRooms } from '../durable-rooms.js';
import type { BenchFleet, BenchServer } from '../fleet.js';
import { perMillion, type Report, type Section, type Target } from '../section.js';
import { nowMs, percentile, sleep, until } from '../tools.js';

/** The effect of a server's end on players, in rooms that are in play. */
export const pauses: Section = {
  name: 'pauses',
  about: 'players of 1,000 rooms at 1,000 durable commands per second, while a server is killed, suspended or drained',
  run: (report, { quick }) =>
    withDurableRooms({ report, quick }, async (play) => {
      const { fleet, load, ids, perSecond } = play;
      const cpu = new CpuMeter({ ...fleet.pids(), load: load.pid });
      await load.do.mark();
      await sleep(4_000);
      const steady = await load.do.seen();
      const used = cpu.seconds();
      report('no fault, worst wait p99', percentile(steady.worstWaitsMs, 0.99), 'ms');
      for (const name of Object.keys(used)) report(`no fault, CPU of ${name}`, perMillion(used[name], 4 * perSecond), 's/M');

      const fullest = async (): Promise<BenchServer> => {
        const counts = await fleet.roomsOf(ids);
        return fleet.of('game').reduce((most, server) => ((counts.get(server.id) ?? 0) > (counts.get(most.id) ?? 0) ? server : most));
      };
      const suffer = (name: string, victim: BenchServer, signal: NodeJS.Signals, limits: Limits) =>
        sufferFault({ name, play, victim, signal, report, limits });

      const killed = await fullest();
      await suffer('kill -9 of a game server', killed, 'SIGKILL', { back: { atMost: 500 } });
      await backAgain(fleet, killed);

      const drained = await fullest();
      await suffer('drain by SIGTERM', drained, 'SIGTERM', { last: { atMost: 1_000 }, wait: { atMost: 50 } });
      await backAgain(fleet, drained);

      const stopped = await fullest();
      await suffer('SIGSTOP of a game server', stopped, 'SIGSTOP', {});
      stopped.child.kill('SIGCONT');
      await sleep(1_000);

      await suffer('kill -9 of a gateway', fleet.of('gateway')[0], 'SIGKILL', { back: { atMost: 2_000 } });
    }),
};

interface Limits {
  readonly back?: Target;
  readonly last?: Target;
  readonly wait?: Target;
}

interface Fault {
  readonly name: string;
  readonly play: DurableRooms;
  readonly victim: BenchServer;
  readonly signal: NodeJS.Signals;
  readonly report: Report;
  readonly limits: Limits;
}

/** The time after a fault in which players are watched, in ms: longer than its effect. A player who is not back by then counts as lost. */
const WATCH_MS = 6_000;

async function sufferFault({ name, play, victim, signal, report, limits }: Fault): Promise<void> {
  const { fleet, load, ids } = play;
  const owned = (await fleet.roomsOf(ids)).get(victim.id) ?? 0;
  await load.do.mark();
  const at = nowMs();
  victim.child.kill(signal);
  await sleep(WATCH_MS);
  const { back, lengthsMs, worstWaitsMs, unanswered } = await load.do.seen();
  const backMs = back.map((time) => time - at);
  if (victim.type === 'game') {
    report(`${name}: its rooms`, owned, '');
    report(`${name}: players not back`, Math.max(0, 2 * owned - back.length), '', { atMost: 0 });
  } else report(`${name}: players moved`, back.length, '');
  if (signal === 'SIGTERM') {
    // Most rooms migrate before a pause is reported to their players. Players notice only the wait below.
    report(`${name}: players told of a pause`, lengthsMs.length, '');
    report(`${name}: until the last is back`, percentile(backMs, 1), 'ms', limits.last);
  } else {
    report(`${name}: until back, p50`, percentile(backMs, 0.5), 'ms');
    report(`${name}: until back, p99`, percentile(backMs, 0.99), 'ms', limits.back);
    report(`${name}: until back, worst`, percentile(backMs, 1), 'ms');
  }
  reportWorstWaits(report, worstWaitsMs, [[0.9], [0.99, limits.wait], [1]], `${name}: `);
  report(`${name}: unanswered at the end`, unanswered, '');
}

async function backAgain(fleet: BenchFleet, server: BenchServer): Promise<void> {
  await until(() => server.child.exitCode !== null || server.child.signalCode !== null);
  await fleet.relaunch(server);
  await fleet.whole();
  await sleep(1_000);
}
