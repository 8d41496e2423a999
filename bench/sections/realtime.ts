import type { Carrier } from '../carriers/carrier.js';
import { colyseusArena, holdfastArena, type RealTimeRooms } from '../carriers/real-time.js';
import { CpuMeter } from '../cpu.js';
import { STEPS_PER_SECOND } from '../real-time/world.js';
import type { Report, Section, Target } from '../section.js';
import { sleep } from '../tools.js';

const SEATS = 16;
const CROWD = 200;
const ROOMS = 50;
const ROOMS_QUICK = 10;
const MS = 10_000;
const MS_QUICK = 2_500;
const WARMUP_MS = 3_000;
const WARMUP_MS_QUICK = 1_500;

/** Targets of the design, relative to Colyseus with its inputs, whose patches have the same content. */
const CPU_TARGET: Target = { atMost: 1.5 };
const BYTES_TARGET: Target = { atMost: 1 };

const OURS = ['none', 'checkpoint', 'every-change'] as const;
const THEIRS = { 'Colyseus with inputs': 'arena', 'Colyseus with messages': 'plain-arena' } as const;
const COMPARED: keyof typeof THEIRS = 'Colyseus with inputs';

export interface FlightCost {
  /** CPU of the processes on the path. */
  readonly cpu: number;
  readonly bytes: number;
}

/**
 * A world in which all players steer and all ships move. The carriers run one after the other, each with fresh processes, because a
 * room that steps costs CPU also while nobody measures it.
 */
export const realtime: Section = {
  name: 'realtime',
  about: `rooms that step ${STEPS_PER_SECOND} times a second, with as many inputs of each player, WebSocket, compared with Colyseus 0.18 and its quantized types`,
  async run(report, { quick }) {
    for (const rooms of [
      { rooms: quick ? ROOMS_QUICK : ROOMS, seats: SEATS },
      { rooms: 1, seats: CROWD },
    ])
      await compare(report, rooms, quick);
  },
};

async function compare(report: Report, rooms: RealTimeRooms, quick: boolean): Promise<void> {
  // The names contain the number of rooms, because a quick run has fewer.
  const head = `${rooms.rooms} × ${rooms.seats}`;
  const costs = new Map<string, FlightCost>();
  for (const [name, room] of Object.entries(THEIRS))
    costs.set(name, await fly(report, head, () => colyseusArena(name, room, rooms), quick));
  for (const durability of OURS) {
    const cost = await fly(report, head, () => holdfastArena(durability, `arena-${durability}`, rooms), quick);
    for (const name of Object.keys(THEIRS)) {
      const theirs = costs.get(name) as FlightCost;
      const isTarget = name === COMPARED;
      report(`${head}: CPU of our gateway + game, ${durability} ÷ ${name}`, cost.cpu / theirs.cpu, '×', isTarget ? CPU_TARGET : undefined);
      report(`${head}: bytes, ${durability} ÷ ${name}`, cost.bytes / theirs.bytes, '×', isTarget ? BYTES_TARGET : undefined);
    }
  }
}

/** Measures one carrier, and stops it. */
export async function fly(report: Report, head: string, start: () => Promise<Carrier>, quick: boolean): Promise<FlightCost> {
  const carrier = await start();
  try {
    return await measure(report, head, carrier, quick);
  } finally {
    await carrier.load.stop();
    await carrier.stop();
  }
}

async function measure(report: Report, head: string, { name, load, pids, path }: Carrier, quick: boolean): Promise<FlightCost> {
  await load.do.startSteering({ perSecond: STEPS_PER_SECOND });
  await sleep(quick ? WARMUP_MS_QUICK : WARMUP_MS);
  const cpu = new CpuMeter({ ...pids, load: load.pid });
  const flown = await load.do.watchFlight({ ms: quick ? MS_QUICK : MS });
  const used = cpu.seconds();
  await load.do.stopSteering();

  const title = `${head}: ${name}`;
  const microsOf = (process: string): number => (used[process] * 1e6) / flown.seconds / flown.players;
  const sum = path.reduce((total, process) => total + microsOf(process), 0);
  report(`${title}, bytes to a player`, flown.bytesIn, 'B/s');
  report(`${title}, bytes from a player`, flown.bytesOut, 'B/s');
  for (const process of Object.keys(pids)) report(`${title}, CPU of ${process} for a player`, microsOf(process), 'µs/s');
  if (path.length > 1) report(`${title}, CPU of ${path.join(' + ')} for a player`, sum, 'µs/s');
  report(`${title}, steps seen`, flown.stepsPerSecond, '/s');
  report(`${title}, inputs of a player`, flown.inputsPerSecond, '/s');
  report(`${title}, step jitter p50`, flown.jitterP50Ms, 'ms');
  report(`${title}, step jitter p99`, flown.jitterP99Ms, 'ms');
  report(`${title}, input to state p50`, flown.latencyP50Ms, 'ms');
  report(`${title}, input to state p99`, flown.latencyP99Ms, 'ms');
  report(`${title}, turns measured`, flown.turns, '');
  report(`${title}, the generator's share of a core`, (100 * used.load) / flown.seconds, '%');
  return { cpu: sum, bytes: flown.bytesIn };
}
