// A game that puts values into its state that are not plain data, and that the store could not restore. The command `put` does so
// immediately, and the command `wind` by a timer.
import { z } from 'zod';
import { Command, Game, OnTimer } from '#libs/game-kit';
import { Module } from './nest.mjs';

/** @typedef {{ state: Record<string, unknown>, schedule(name: string, ms: number): void }} OddRoom */

/** @type {Record<string, () => unknown>} */
const VALUES = {
  'a Date': () => new Date(0),
  'a Map': () => new Map([['a', 1]]),
  'a cut emoji': () => '😀'.slice(0, 1),
  'a key __proto__': () => JSON.parse('{"__proto__":{"admin":true}}'),
};

class Odd {
  setup() {
    return { count: 0, odd: null };
  }

  /** @param {OddRoom} room */
  count({ state }) {
    state.count = Number(state.count) + 1;
  }

  /** @param {OddRoom} room @param {{ what: string }} data */
  put({ state }, { what }) {
    state.count = -1;
    state.odd = { here: [VALUES[what]()] };
  }

  /** @param {OddRoom} room */
  wind(room) {
    room.schedule('late', 10);
  }

  /** @param {OddRoom} room */
  late({ state }) {
    state.odd = new Date(0);
  }
}
/** @param {keyof Odd} name */
const own = (name) => /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Odd.prototype, name));

Game({ name: 'odd', version: 1, seats: 2 })(Odd);
Command()(Odd.prototype, 'count', own('count'));
Command(z.object({ what: z.enum(/** @type {[string]} */ (Object.keys(VALUES))) }))(Odd.prototype, 'put', own('put'));
Command()(Odd.prototype, 'wind', own('wind'));
OnTimer('late')(Odd.prototype, 'late', own('late'));

export class OddModule {}
Module({ providers: [Odd] })(OddModule);
