import { type Decoder, decode, Reflection, type Schema, schema, t } from '@colyseus/schema';
import { InputEncoder } from '@colyseus/schema/input';
import { pack } from 'msgpackr';
import { FULL_TURN, type Ship } from '../../real-time/world.js';
import { matchmake, type Seat, take } from '../dialects/colyseus.js';
import { Wire } from '../wire.js';
import type { EnterRoom, Pilot, Sight } from './pilot.js';

const ROOM_DATA = 13;
const ROOM_STATE = 14;
const ROOM_STATE_PATCH = 15;
const ROOM_INPUT = 19;
const CODE_MASK = 0x1f;
/** The bit in the code of a message with the server's time and the number of the latest input before the patch. */
const TIMED = 0x80;
const TIMED_BYTES = 8;

/** Number of players of one room that join at the same time. */
const AT_ONCE = 16;

/** Players of Colyseus 0.18. */
export const enterColyseus: EnterRoom = async (port, room, seats, sights) => {
  const first = await matchmake(port, 'create', room);
  const frames = room === 'arena' ? inputFrames() : messageFrames();
  const pilots = [await pilotAt(first, port, frames, sights[0])];
  while (pilots.length < seats) {
    const wave = Array.from({ length: Math.min(AT_ONCE, seats - pilots.length) }, async (_, index) =>
      pilotAt(await matchmake(port, 'joinById', first.roomId), port, frames, sights[pilots.length + index]),
    );
    pilots.push(...(await Promise.all(wave)));
  }
  return pilots;
};

async function pilotAt(seat: Seat, port: number, frames: readonly Buffer[], sight: Sight | undefined): Promise<Pilot> {
  let decoder: Decoder | null = null;
  const wire = await take(seat, port, (frame) => {
    if (sight) decoder = decoderOf(frame);
  });
  wire.onFrame = (frame) => {
    if (!decoder || !sight) return;
    const code = frame[0] & CODE_MASK;
    if (code !== ROOM_STATE && code !== ROOM_STATE_PATCH) return;
    decoder.decode(frame, { offset: 1 + (frame[0] & TIMED ? TIMED_BYTES : 0) });
    const ship = (decoder.state as Schema & { ships: Map<string, Ship> }).ships.get(seat.sessionId);
    if (ship) sight({ x: ship.x, y: ship.y });
  };
  return { wire, steer: (direction) => wire.write(frames[direction]), close: () => wire.close() };
}

/** Makes a decoder from the admission message: its kind, a token, the name of the serializer, and the description of the schema. */
function decoderOf(frame: Buffer): Decoder {
  const bytes = Buffer.from(frame);
  const token = 1;
  const serializer = token + 1 + bytes[token];
  const it = { offset: serializer + 1 + bytes[serializer] };
  const length = decode.number(bytes, it);
  return Reflection.decode(bytes.subarray(it.offset, it.offset + length));
}

/** Returns the frame of each direction, as an input. */
function inputFrames(): Buffer[] {
  const Steering = schema({ direction: t.uint8() }, 'Steering');
  const steering = new Steering();
  const encoder = new InputEncoder(steering);
  return directions().map((direction) => {
    // An unchanged field is not encoded, and the first direction may be the default.
    steering.direction = (direction + 1) % FULL_TURN;
    encoder.encode();
    steering.direction = direction;
    return Wire.framed('ws', Buffer.concat([Buffer.from([ROOM_INPUT]), encoder.encode()]));
  });
}

/** Returns the frame of each direction, as a message. */
function messageFrames(): Buffer[] {
  const name = Buffer.from([0xa0 | 5, ...Buffer.from('steer')]);
  return directions().map((direction) => Wire.framed('ws', Buffer.concat([Buffer.from([ROOM_DATA]), name, pack(direction)])));
}

function directions(): number[] {
  return Array.from({ length: FULL_TURN }, (_, direction) => direction);
}
