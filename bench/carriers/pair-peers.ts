import { LoadProcess } from '../load/load-process.js';
import { Peer } from '../peers/peer.js';
import { startPinus } from '../peers/pinus.js';
import type { Carrier } from './carrier.js';

interface Rooms {
  readonly rooms: number;
  readonly payloadBytes: number;
}

/** Starts Colyseus as one process, with its own WebSocket transport. */
export async function colyseus(rooms: Rooms): Promise<Carrier> {
  const server = await Peer.npm('colyseus');
  const load = new LoadProcess();
  await load.do.enterPairs({ peer: 'colyseus', ports: [server.port], ...rooms });
  return { name: 'Colyseus', load, pids: { server: server.pid }, path: ['server'], stop: () => server.stop() };
}

export async function socketIo(rooms: Rooms): Promise<Carrier> {
  const node = await Peer.npm('socket.io');
  const load = new LoadProcess();
  await load.do.enterPairs({ peer: 'socket.io', ports: [node.port], ...rooms });
  return { name: 'Socket.IO', load, pids: { node: node.pid }, path: ['node'], stop: () => node.stop() };
}

/** Starts two nodes of Socket.IO with the Redis adapter between them. The members of each room are on different nodes. */
export async function socketIoOverRedis(rooms: Rooms, redis: { readonly url: string; readonly pid: number }): Promise<Carrier> {
  const nodes = [await Peer.npm('socket.io', [redis.url]), await Peer.npm('socket.io', [redis.url])];
  const load = new LoadProcess();
  await load.do.enterPairs({ peer: 'socket.io', ports: nodes.map(({ port }) => port), ...rooms });
  return {
    name: 'Socket.IO, two nodes',
    load,
    pids: { 'node 1': nodes[0].pid, 'node 2': nodes[1].pid, redis: redis.pid },
    path: ['node 1', 'node 2'],
    stop: async () => {
      for (const node of nodes) await node.stop();
    },
  };
}

export async function pinus(rooms: Rooms): Promise<Carrier> {
  const fleet = await startPinus();
  const load = new LoadProcess();
  await load.do.enterPairs({ peer: 'pinus', ports: [fleet.port], ...rooms });
  return { name: 'Pinus', load, pids: fleet.pids, path: ['connector', 'backend'], stop: () => fleet.stop() };
}
