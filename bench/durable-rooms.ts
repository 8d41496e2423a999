import { BenchFleet, type FleetShape } from './fleet.js';
import { LoadProcess } from './load/load-process.js';
import type { Report, Target } from './section.js';
import { percentile, sleep } from './tools.js';

/** Rooms whose players send durable commands at a steady rate. */
export interface DurableRooms {
  readonly fleet: BenchFleet;
  readonly load: LoadProcess;
  readonly ids: readonly string[];
  /** Commands of all players in one second. */
  readonly perSecond: number;
}

/**
 * Starts two gateways, three game servers and durable rooms, and runs `measure` while players send commands. Then reports how many commands
 * were acknowledged, refused, lost or applied twice.
 */
export async function withDurableRooms(
  { report, quick, shape }: { readonly report: Report; readonly quick: boolean; readonly shape?: FleetShape },
  measure: (rooms: DurableRooms) => Promise<void>,
): Promise<void> {
  const [rooms, perSecond] = quick ? [200, 400] : [1_000, 1_000];
  const fleet = await BenchFleet.start({ gateways: 2, games: 3, ...shape });
  const load = new LoadProcess();
  try {
    const ports = fleet.of('gateway').map(({ tcpPort }) => tcpPort);
    const ids = await load.do.enter({ ports, way: 'tcp', game: 'durable', rooms, seats: 2, payloadBytes: 16 });
    await load.do.pace({ perSecond });
    await sleep(2_000);
    await measure({ fleet, load, ids, perSecond });
    await load.do.stopPace();
    const { acknowledged, refused, lost, doubled } = await load.do.verdict();
    report('commands acknowledged', acknowledged, '');
    report('commands refused', refused, '');
    report('commands lost', lost, '', { atMost: 0 });
    report('commands applied twice', doubled, '', { atMost: 0 });
  } finally {
    await load.stop();
    await fleet.stop();
  }
}

/** Reports percentiles of the longest wait of each player for an answer, some with a target. The percentile 1 is the maximum. */
export function reportWorstWaits(
  report: Report,
  worstWaitsMs: readonly number[],
  percentiles: readonly (readonly [share: number, target?: Target])[],
  prefix = '',
): void {
  for (const [share, target] of percentiles) {
    const name = share === 1 ? 'max' : `p${Math.round(share * 100)}`;
    report(`${prefix}worst wait for an answer, all players, ${name}`, percentile(worstWaitsMs, share), 'ms', target);
  }
}
