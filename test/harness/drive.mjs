// `drive`: a game of durability `every-change` with fixed steps and player inputs. Each step moves each car by the controls that its
// player holds down.
import { z } from 'zod';
import { Command, Game, Input, OnStep } from '#libs/game-kit';
import { Module } from './nest.mjs';

/**
 * @typedef {{ x: number, id: number }} Car `id`: the id of the input that the last step has used
 * @typedef {{ step: number, cars: Car[] }} State
 * @typedef {{ gas: number, id: number }} Pedals
 */

class Drive {
  /** @param {import('#libs/game-kit').Setup} room @returns {State} */
  setup({ seats }) {
    return { step: 0, cars: seats.map(() => ({ x: 0, id: 0 })) };
  }

  /** @param {import('#libs/game-kit').GameRoom<State, Pedals>} room */
  step(room) {
    const { state } = room;
    state.step += 1;
    for (const [seat, car] of state.cars.entries()) {
      const held = room.input(seat);
      car.x += held?.gas ?? 0;
      car.id = held?.id ?? car.id;
    }
    room.emit('mark', { step: state.step });
    room.emit('flash', { step: state.step }, { volatile: true });
  }

  /** Sends a long text to all players. @param {import('#libs/game-kit').GameRoom<State>} room @param {{ chars: number }} data */
  shout(room, { chars }) {
    room.emit('shouted', { text: 'x'.repeat(chars) });
  }
}
Game({ name: 'drive', version: 1, seats: { min: 1, max: 2 } })(/** @type {never} */ (Drive));
Input(z.strictObject({ gas: z.number().min(0).max(9), id: z.int() }), { queue: 3 })(Drive);
/** @type {[name: string, decorator: Function][]} */
const decorators = [
  ['step', OnStep(20)],
  ['shout', Command(z.object({ chars: z.number() }))],
];
for (const [name, decorate] of decorators) decorate(Drive.prototype, name, Object.getOwnPropertyDescriptor(Drive.prototype, name));

class DriveGame {}
Module({ providers: [Drive] })(DriveGame);

export const DriveModule = [DriveGame];
