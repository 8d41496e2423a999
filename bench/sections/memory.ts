import { residentKilobytes } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import { Peer } from '../peers/peer.js';
import type { Report, Section } from '../section.js';
import { sleep } from '../tools.js';

const WARM_ROOMS = 200;
const SETTLE_MS = 4_000;

/** Idle players in rooms of two: the memory of each, in all servers together. */
export const memory: Section = {
  name: 'memory',
  about: 'idle players in rooms of two in play: resident memory per player, over all servers, compared with Colyseus',
  async run(report, { quick }) {
    const rooms = quick ? 500 : 2_500;
    const fleet = await BenchFleet.start();
    try {
      const [{ publicPort }] = fleet.of('gateway');
      const enter = (load: LoadProcess, count: number) =>
        load.do.enter({ ports: [publicPort], way: 'ws', game: 'fleeting', rooms: count, seats: 2, payloadBytes: 64 });
      await weigh(report, 'Holdfast', fleet.pids(), ['redis'], rooms, enter);
    } finally {
      await fleet.stop();
    }
    let server: Peer;
    try {
      server = await Peer.npm('colyseus');
    } catch (error) {
      process.stderr.write(`Colyseus is omitted: ${error instanceof Error ? error.message.split('\n')[0] : error}\n`);
      return;
    }
    try {
      const enter = (load: LoadProcess, count: number) =>
        load.do.enterPairs({ peer: 'colyseus', ports: [server.port], rooms: count, payloadBytes: 64 });
      await weigh(report, 'Colyseus', { server: server.pid }, [], rooms, enter);
    } finally {
      await server.stop();
    }
  },
};

async function weigh(
  report: Report,
  name: string,
  pids: Readonly<Record<string, number>>,
  apart: readonly string[],
  rooms: number,
  enter: (load: LoadProcess, rooms: number) => Promise<unknown>,
): Promise<void> {
  const load = new LoadProcess();
  try {
    // The first rooms are not counted, because they warm the code up.
    await enter(load, WARM_ROOMS);
    await sleep(SETTLE_MS);
    const before = Object.entries(pids).map(([process, pid]) => [process, residentKilobytes(pid)] as const);
    await enter(load, rooms);
    await sleep(SETTLE_MS);
    const each = before.map(([process, was]) => [process, (residentKilobytes(pids[process]) - was) / (2 * rooms)] as const);
    const sum = each.filter(([process]) => !apart.includes(process)).reduce((total, [, kilobytes]) => total + kilobytes, 0);
    report(`memory of an idle player in a room: ${name}`, sum, 'KB', name === 'Holdfast' ? { atMost: 20 } : undefined);
    for (const [process, kilobytes] of each) report(`memory of an idle player in a room: ${name}, ${process}`, kilobytes, 'KB');
  } finally {
    await load.stop();
  }
}
