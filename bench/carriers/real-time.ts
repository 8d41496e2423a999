import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import { Peer } from '../peers/peer.js';
import type { Carrier } from './carrier.js';

export interface RealTimeRooms {
  readonly rooms: number;
  readonly seats: number;
}

/** Starts a fleet of Holdfast with rooms of this game, all in play. */
export async function holdfastArena(name: string, game: string, rooms: RealTimeRooms): Promise<Carrier> {
  const fleet = await BenchFleet.start();
  const load = new LoadProcess();
  const carrier = { name, load, pids: fleet.pids(), path: ['gateway', 'game'], stop: () => fleet.stop() };
  return entered(carrier, () => load.do.enterFlight({ server: 'holdfast', port: fleet.of('gateway')[0].publicPort, room: game, ...rooms }));
}

/** Starts Colyseus as one process, with rooms of this class. */
export async function colyseusArena(name: string, room: string, rooms: RealTimeRooms): Promise<Carrier> {
  const server = await Peer.npm('colyseus');
  const load = new LoadProcess();
  const carrier = { name, load, pids: { server: server.pid }, path: ['server'], stop: () => server.stop() };
  return entered(carrier, () => load.do.enterFlight({ server: 'colyseus', port: server.port, room, ...rooms }));
}

/** Runs `enter`, which brings the players into their rooms, and returns the carrier. If `enter` fails, stops the carrier and rejects. */
async function entered(carrier: Carrier, enter: () => Promise<void>): Promise<Carrier> {
  try {
    await enter();
    return carrier;
  } catch (error) {
    await carrier.load.stop();
    await carrier.stop();
    throw error;
  }
}
