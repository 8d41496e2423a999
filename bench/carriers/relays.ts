import { LoadProcess } from '../load/load-process.js';
import { startHaproxy } from '../peers/haproxy.js';
import { Peer } from '../peers/peer.js';
import type { Carrier } from './carrier.js';

interface Players {
  readonly connections: number;
  readonly payloadBytes: number;
}

/** Starts the minimal relay in Node, with one multiplexed connection to an echo server behind it. */
export async function bareRelay(players: Players): Promise<Carrier> {
  const echo = await Peer.own('relay', ['echo']);
  const front = await Peer.own('relay', ['relay'], [String(echo.port)]);
  return relayed('bare relay', front, echo, players);
}

export async function haproxy(players: Players): Promise<Carrier> {
  const echo = await Peer.own('relay', ['echo']);
  try {
    return await relayed('HAProxy', await startHaproxy(echo.port), echo, players);
  } catch (error) {
    await echo.stop();
    throw error;
  }
}

async function relayed(name: string, front: Peer, echo: Peer, { connections, payloadBytes }: Players): Promise<Carrier> {
  const load = new LoadProcess();
  await load.do.enterRaw({ port: front.port, way: 'tcp', count: connections, payloadBytes });
  const stop = async () => {
    await front.stop();
    await echo.stop();
  };
  return { name, load, pids: { relay: front.pid, backend: echo.pid }, path: ['relay'], stop };
}

export async function wsEcho({ connections, payloadBytes }: Players): Promise<Carrier> {
  const echo = await Peer.own('ws-echo');
  const load = new LoadProcess();
  await load.do.enterRaw({ port: echo.port, way: 'ws', count: connections, payloadBytes });
  return { name: 'ws echo', load, pids: { echo: echo.pid }, path: ['echo'], stop: () => echo.stop() };
}
