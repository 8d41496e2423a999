import { Room } from '@colyseus/core';
import { Encoder, schema, t } from '@colyseus/schema';

// The world of `bench/real-time/world.ts`, with the types that need the fewest bytes. Hundredths fit exactly into 16 bits.
const STEPS_PER_SECOND = 20;
const SIDE = 655;
const STRIDE = 4;
const FULL_TURN = 256;

const coordinate = () => t.quantized({ min: 0, max: 655.35, bits: 16 });
const Ship = schema({ x: coordinate(), y: coordinate() }, 'Ship');
const World = schema({ ships: t.map(Ship) }, 'World');
const Steering = schema({ direction: t.uint8() }, 'Steering');

// The whole state of 200 ships does not fit into the default of 8 KB.
Encoder.BUFFER_SIZE = 64 * 1_024;

class SteppedRoom extends Room {
  maxClients = 200;
  directions = new Map();

  onCreate() {
    this.state = new World();
    this.startSteps();
    // A patch directly after each step. The timer of the patch rate would fire before that of the step, so a patch would wait for 50 ms.
    this.patchRate = null;
  }

  onJoin({ sessionId }) {
    const ship = new Ship();
    ship.x = inside(Math.random() * SIDE);
    ship.y = inside(Math.random() * SIDE);
    this.state.ships.set(sessionId, ship);
    this.directions.set(sessionId, Math.floor(Math.random() * FULL_TURN));
  }

  onLeave({ sessionId }) {
    this.state.ships.delete(sessionId);
    this.directions.delete(sessionId);
  }

  step() {
    this.sample();
    for (const [sessionId, ship] of this.state.ships) {
      const angle = (this.directions.get(sessionId) / FULL_TURN) * 2 * Math.PI;
      ship.x = inside(ship.x + Math.cos(angle) * STRIDE);
      ship.y = inside(ship.y + Math.sin(angle) * STRIDE);
    }
    this.broadcastPatch();
  }
}

/** With the inputs of Colyseus 0.18: patches contain the server's time and the number of the recipient's latest input. */
export class Arena extends SteppedRoom {
  inputs = this.defineInput(Steering);

  startSteps() {
    this.setFixedTimestep(() => this.step(), STEPS_PER_SECOND);
  }

  sample() {
    for (const sessionId of this.directions.keys())
      for (const { direction } of this.inputs.get(sessionId)) this.directions.set(sessionId, direction);
  }
}

/** With plain messages and a plain interval: patches contain nothing but the state. */
export class PlainArena extends SteppedRoom {
  startSteps() {
    this.setTimestep(() => this.step(), 1_000 / STEPS_PER_SECOND);
  }

  onCreate() {
    super.onCreate();
    this.onMessage('steer', ({ sessionId }, direction) => this.directions.set(sessionId, direction));
  }

  sample() {}
}

function inside(position) {
  return Math.round(((position + SIDE) % SIDE) * 100) / 100;
}
