import { TEXT, Wire } from '../wire.js';
import { type Dialect, heard } from './dialect.js';

const TAP = '42["tap","';
const PING = '2'.charCodeAt(0);
const MESSAGE = '4'.charCodeAt(0);
const EVENT = '2'.charCodeAt(0);
const PATH = '/socket.io/?EIO=4&transport=websocket';

/** The dialect of Socket.IO 4, over WebSocket from the start, as text. If there are two nodes, the members of a room are on both. */
export const socketIo: Dialect = {
  async pair(ports, room) {
    return [await enter(ports[0], room), await enter(ports[1 % ports.length], room)];
  },
  tap: (payload) => text(`${TAP}${payload}"]`),
  payloadAt: (frame) => (frame[0] === MESSAGE && frame[1] === EVENT ? TAP.length : 0),
};

async function enter(port: number, room: string): Promise<Wire> {
  const wire = await Wire.open('ws', port, { path: PATH });
  await heard(wire, says('0'));
  wire.write(text('40'));
  await heard(wire, says('40'));
  wire.write(text(`420["join","${room}"]`));
  await heard(wire, says('430'));
  return wire;
}

function says(start: string): (frame: Buffer) => true | undefined {
  return (frame) => (frame.toString('latin1', 0, start.length) === start ? true : undefined);
}

function text(packet: string): Buffer {
  return Wire.framed('ws', Buffer.from(packet), TEXT);
}

/** Answers a heartbeat of Socket.IO's engine. Without an answer the node would close the connection. */
export function answerPing(wire: Wire, frame: Buffer): void {
  if (frame.length === 1 && frame[0] === PING) wire.write(text('3'));
}
