import { CpuMeter } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Rate } from '../load/lobby.js';
import { Peer } from '../peers/peer.js';
import type { Report, Section, Target } from '../section.js';
import { sleep } from '../tools.js';

/** The number of pairs of players. They saturate both systems: with fewer, the faster system would wait for requests. */
const PAIRS = 128;
const SEEKERS = 128;
const BURST = 100;

/** Two game servers of Holdfast, and two Colyseus processes that share their matchmaking over the same Redis. */
export const starts: Section = {
  name: 'starts',
  about: 'rooms created and joined, quick joins, 100 rooms at once on two servers, compared with two Colyseus processes over Redis',
  takesTurns: true,
  async run(report, { quick, runs }) {
    const ms = quick ? 2_000 : 4_000;
    const fleet = await BenchFleet.start({ games: 2 });
    const theirs = await twoOfColyseus(fleet);
    const load = new LoadProcess();
    try {
      const [{ tcpPort: port }] = fleet.of('gateway');
      const ports = theirs.map((peer) => peer.port);
      const ours: Side = { name: 'Holdfast', pids: { ...fleet.pids(), load: load.pid } };
      const other: Side = { name: 'Colyseus', pids: { ...pidsOf(theirs), redis: fleet.redisPid, load: load.pid } };
      // Warms both up, so that compiled code is measured.
      await load.do.starts({ port, game: 'fleeting', pairs: PAIRS, ms });
      if (theirs.length > 0) await load.do.colyseusJoins({ ports, pairs: PAIRS, ms: ms / 2 });

      for (let turn = 0; turn < runs; turn++) {
        const joined = await rated(report, ours, 'rooms made and joined', () =>
          load.do.joins({ port, game: 'fleeting', pairs: PAIRS, ms }),
        );
        const begun = await rated(report, ours, 'rooms made, joined and begun', () =>
          load.do.starts({ port, game: 'fleeting', pairs: PAIRS, ms }),
        );
        await rated(report, ours, 'durable rooms made, joined and begun', () =>
          load.do.starts({ port, game: 'durable', pairs: PAIRS, ms }),
        );
        const placed = await rated(report, ours, 'quick joins (players)', () =>
          load.do.matches({ port, game: 'fleeting', count: SEEKERS, ms }),
        );
        await burstOfOurs(report, load, fleet, port);
        if (theirs.length === 0) continue;
        const theirJoined = await rated(report, other, 'rooms made and joined', () => load.do.colyseusJoins({ ports, pairs: PAIRS, ms }));
        const theirPlaced = await rated(report, other, 'quick joins (players)', () =>
          load.do.colyseusMatches({ ports, count: SEEKERS, ms }),
        );
        await burstOfTheirs(report, load, ports);
        compare(report, 'rooms made and joined, ours ÷ Colyseus', joined, theirJoined, { atLeast: 2 });
        compare(report, 'rooms made, joined and begun ÷ Colyseus made and joined', begun, theirJoined, { atLeast: 2 });
        compare(report, 'quick joins, ours ÷ Colyseus', placed, theirPlaced, { atLeast: 30 });
      }
    } finally {
      await load.stop();
      for (const peer of theirs) await peer.stop();
      await fleet.stop();
    }
  },
};

interface Side {
  readonly name: string;
  readonly pids: Readonly<Record<string, number>>;
}

async function twoOfColyseus({ redisUrl }: BenchFleet): Promise<readonly Peer[]> {
  try {
    return [await Peer.npm('colyseus', [redisUrl]), await Peer.npm('colyseus', [redisUrl])];
  } catch (error) {
    process.stderr.write(`Colyseus is omitted: ${error instanceof Error ? error.message.split('\n')[0] : error}\n`);
    return [];
  }
}

function pidsOf(peers: readonly Peer[]): Record<string, number> {
  return Object.fromEntries(peers.map(({ pid }, index) => [`server ${index + 1}`, pid]));
}

async function rated(report: Report, { name, pids }: Side, what: string, act: () => Promise<Rate>): Promise<number> {
  const cpu = new CpuMeter(pids);
  const startedAt = process.hrtime.bigint();
  const { perSecond, p50Ms } = await act();
  const used = cpu.seconds();
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const title = `${what}: ${name}`;
  report(title, perSecond, '/s');
  report(`${title}, p50`, p50Ms, 'ms');
  for (const [process, cpuSeconds] of Object.entries(used))
    report(`${title}, CPU of ${process}`, (cpuSeconds * 1_000) / (perSecond * seconds), 'ms each');
  report(`${title}, the generator's share of a core`, (100 * used.load) / seconds, '%');
  await sleep(500);
  return perSecond;
}

function compare(report: Report, what: string, ours: number, theirs: number, target?: Target): void {
  report(what, ours / theirs, '× rate', target);
}

async function burstOfOurs(report: Report, load: LoadProcess, fleet: BenchFleet, port: number): Promise<void> {
  // Waits until each server has reported the games that ended, because those are not part of this measurement.
  await fleet.level();
  const burst = await load.do.atOnce({ port, game: 'fleeting', rooms: BURST });
  const counts = [...(await fleet.roomsOf(burst.rooms)).values()];
  report(`${BURST} at once, on the fuller of two servers: Holdfast`, Math.max(...counts), 'rooms', { atMost: 55 });
  report(`${BURST} at once, until the last is there: Holdfast`, burst.ms, 'ms');
  await load.do.leave();
}

async function burstOfTheirs(report: Report, load: LoadProcess, ports: readonly number[]): Promise<void> {
  const { counts, ms } = await load.do.colyseusAtOnce({ ports, rooms: BURST });
  report(`${BURST} at once, on the fuller of two servers: Colyseus`, Math.max(...counts), 'rooms');
  report(`${BURST} at once, until the last is there: Colyseus`, ms, 'ms');
}
