import { Agent, request } from 'node:http';
import { pack } from 'msgpackr';
import { Wire } from '../wire.js';
import { type Dialect, heard } from './dialect.js';

const JOIN_ROOM = 10;
const ROOM_DATA = 13;
/** The name of the message, encoded as a short string by the schema's encoder. */
const TAP = Buffer.from([0xa0 | 3, ...Buffer.from('tap')]);
/** Offset of the payload: after the kind, the name, and the head of a text of 32 to 255 bytes. */
const PAYLOAD_AT = 1 + TAP.length + 2;

/** The answer of the matchmaker: a seat on one of its processes. */
export interface Seat {
  readonly sessionId: string;
  readonly roomId: string;
  readonly processId: string;
  readonly publicAddress?: string;
}

/** The dialect of Colyseus 0.18: a request to the matchmaker, then a WebSocket to the process of the room. */
export const colyseus: Dialect = {
  async pair(ports) {
    const host = await matchmake(ports[0], 'create', 'pair');
    const wires = [await take(host, ports[0])];
    const guest = await matchmake(ports[0], 'joinById', host.roomId);
    return [wires[0], await take(guest, ports[0])];
  },
  tap: (payload) => Wire.framed('ws', Buffer.concat([Buffer.from([ROOM_DATA]), TAP, pack(payload)])),
  payloadAt: (frame) => (frame[0] === ROOM_DATA ? PAYLOAD_AT : 0),
};

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

export function matchmake(port: number, method: 'create' | 'joinById' | 'joinOrCreate', what: string): Promise<Seat> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, port, method: 'POST', path: `/matchmake/${method}/${what}`, headers: HEADERS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(body) as Seat);
        else reject(new Error(`${method}: ${response.statusCode} ${body}`));
      });
    });
    asked.on('error', reject);
    asked.end('{}');
  });
}
const HEADERS = { 'content-type': 'application/json', 'content-length': 2 };

/**
 * Takes a seat: connects and waits until the room has admitted the player.
 *
 * @param port is used if the seat contains no address
 * @param onJoined reads the message of the admission
 */
export async function take(seat: Seat, port: number, onJoined?: (frame: Buffer) => void): Promise<Wire> {
  const { sessionId, roomId, processId, publicAddress } = seat;
  const at = publicAddress ? Number(publicAddress.split(':')[1]) : port;
  const wire = await Wire.open('ws', at, { path: `/${processId}/${roomId}?sessionId=${sessionId}` });
  await heard(wire, (frame) => {
    if (frame[0] !== JOIN_ROOM) return undefined;
    onJoined?.(frame);
    return true;
  });
  wire.send(Buffer.from([JOIN_ROOM]));
  return wire;
}
