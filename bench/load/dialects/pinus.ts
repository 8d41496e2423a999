import { Wire } from '../wire.js';
import { type Dialect, heard } from './dialect.js';

// A package of Pinus has a kind, three bytes of length, and a body. A message in it has a flag, a request id, the length and name of
// the route, and JSON.
const HANDSHAKE = 1;
const ACKNOWLEDGED = 2;
const DATA = 4;
const REQUEST = 0;
const NOTIFY = 1 << 1;
const RESPONSE = 2 << 1;
const PUSH = 3 << 1;
const HEAD = 4;
const PAYLOAD_AT = HEAD + 1 + 1 + 'tap'.length + '{"payload":"'.length;

/** The dialect of Pinus 1.7: a connector has the players, and a backend has the rooms. */
export const pinus: Dialect = {
  async pair(ports, room) {
    return [await enter(ports[0], room, `${room}-a`), await enter(ports[0], room, `${room}-b`)];
  },
  tap: (payload) => Wire.framed('ws', message(NOTIFY, [], 'room.roomHandler.tap', { payload })),
  payloadAt: (frame) => (frame[0] === DATA && frame[HEAD] === PUSH ? PAYLOAD_AT : 0),
};

async function enter(port: number, room: string, uid: string): Promise<Wire> {
  const wire = await Wire.open('ws', port, { path: '/' });
  wire.send(packed(HANDSHAKE, Buffer.from('{"sys":{"type":"js","version":"1"}}')));
  await heard(wire, (frame) => (frame[0] === HANDSHAKE ? true : undefined));
  wire.send(packed(ACKNOWLEDGED, Buffer.alloc(0)));
  wire.send(message(REQUEST, [1], 'room.roomHandler.join', { uid, room }));
  await heard(wire, (frame) => (frame[0] === DATA && frame[HEAD] === RESPONSE ? true : undefined));
  return wire;
}

function message(flag: number, id: readonly number[], route: string, body: unknown): Buffer {
  return packed(DATA, Buffer.from([flag, ...id, route.length, ...Buffer.from(route), ...Buffer.from(JSON.stringify(body))]));
}

function packed(kind: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([kind, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff]), body]);
}
