import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Way } from '../load/wire.js';
import type { Carrier } from './carrier.js';

export interface HoldfastRooms {
  readonly name: string;
  readonly way: Way;
  readonly game: string;
  readonly rooms: number;
  readonly seats: number;
  readonly payloadBytes: number;
}

/**
 * Enters rooms of Holdfast, all of them in play. `fleet`: a running fleet to use; the carrier does not stop it. Absent: the carrier
 * starts its own fleet, and stops it.
 */
export async function holdfast({ name, way, ...entering }: HoldfastRooms, fleet?: BenchFleet): Promise<Carrier> {
  const own = fleet ?? (await BenchFleet.start());
  const load = new LoadProcess();
  const ports = own.of('gateway').map(({ tcpPort, publicPort }) => (way === 'tcp' ? tcpPort : publicPort));
  await load.do.enter({ ports, way, ...entering });
  return { name, load, pids: own.pids(), path: ['gateway', 'game'], stop: async () => (fleet ? undefined : own.stop()) };
}
