// `open`: a game for 1 to 3 players. Players may join it while it runs. TEST_OPEN_DURABILITY sets its durability.
import { Bot, Command, Game, OnSeat, View } from '#libs/game-kit';
import { Module } from './nest.mjs';

/**
 * @typedef {{ log: string[], points: number[] }} State
 * @typedef {import('#libs/game-kit').GameRoom<State>} OpenRoom
 */

class Open {
  /** @returns {State} */
  setup() {
    return { log: [], points: [] };
  }

  /** @param {OpenRoom} room */
  joined({ state, seat, seats }) {
    state.log.push(`joined ${seat} ${seats[seat]?.name}`);
  }

  /** @param {OpenRoom} room */
  left({ state, seat }) {
    state.log.push(`left ${seat}`);
  }

  /** @param {OpenRoom} room */
  score({ state, seat }) {
    while (state.points.length <= seat) state.points.push(0);
    state.points[seat] = (state.points[seat] ?? 0) + 1;
  }

  /** @param {OpenRoom} room */
  lock(room) {
    room.lock();
  }

  /** @param {OpenRoom} room */
  unlock(room) {
    room.unlock();
  }

  /** @param {OpenRoom} room */
  bot(room) {
    room.addBot('Robo');
  }

  /** @param {State} state @param {{ seat: number }} room */
  play({ points }, { seat }) {
    return (points[seat] ?? 0) < 3 ? { command: 'score' } : null;
  }

  /** @param {State} state @param {number | null} seat */
  view(state, seat) {
    return { ...state, you: seat };
  }
}

const durability = /** @type {import('#libs/game-kit').Durability} */ (process.env.TEST_OPEN_DURABILITY ?? 'every-change');
Game({ name: 'open', version: 1, seats: { min: 1, max: 3 }, joinable: true, seatGraceMs: 2_000, durability, checkpointMs: 60_000 })(
  /** @type {never} */ (Open),
);
/** @type {[name: string, decorator: Function][]} */
const decorators = [
  ['score', Command()],
  ['lock', Command()],
  ['unlock', Command()],
  ['bot', Command()],
  ['joined', OnSeat('joined')],
  ['left', OnSeat('left')],
  ['play', Bot({ everyMs: 50 })],
  ['view', View()],
];
for (const [name, decorate] of decorators) decorate(Open.prototype, name, Object.getOwnPropertyDescriptor(Open.prototype, name));

class OpenGame {}
Module({ providers: [Open] })(OpenGame);

export const OpenModule = [OpenGame];
