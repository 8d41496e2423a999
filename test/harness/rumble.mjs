// `rumble`: a game for 2 to 4 players with rules for matches, and ratings for each mode. The modes `asked` and `asked-duel` offer each
// match, for 1.5 s and for 30 s. `duo` has two teams of two, `open` fills running games, and `alone` adds bots. `ranked` has no rules of
// its own. A player ends the game by the command `end` or `win`. After `win`, the ratings of the mode change. Bots send `wave`.
import { Bot, Command, Game, OnSeat } from '#libs/game-kit';
import { Module } from './nest.mjs';

/** @typedef {import('#libs/game-kit').GameRoom<{ joined: number, waved: string[] }>} RumbleRoom */

class Rumble {
  setup() {
    return { joined: 0, waved: /** @type {string[]} */ ([]) };
  }

  /** @param {RumbleRoom} room */
  joined({ state }) {
    state.joined += 1;
  }

  /** @param {RumbleRoom} room */
  wave({ state, seats, seat }) {
    const { name, bot, team } = seats[seat];
    state.waved.push(`${name} ${bot === true} ${team}`);
  }

  /**
   * @param {{ waved: string[] }} state
   * @param {import('#libs/game-kit').BotRoom} room
   */
  play(state, { seats, seat }) {
    return state.waved.some((one) => one.startsWith(seats[seat].name)) ? undefined : { command: 'wave' };
  }

  /** @param {RumbleRoom} room */
  end(room) {
    room.end({ ended: true });
  }

  /** @param {RumbleRoom} room */
  win(room) {
    const { seat, seats } = room;
    room.end({ ranking: [[seat], seats.filter((one) => one.seat !== seat).map((one) => one.seat)] });
  }
}

const match = {
  rating: 'per-mode',
  players: 2,
  fillMs: 0,
  expireMs: 60_000,
  modes: {
    asked: { acceptMs: 1_500 },
    'asked-duel': { acceptMs: 30_000 },
    duo: { teams: { count: 2, size: 2 } },
    'asked-duo': { teams: { count: 2, size: 2 }, acceptMs: 30_000 },
    open: { players: { min: 2, max: 4 } },
    short: { expireMs: 1_000 },
    ranked: {},
    alone: { teams: { count: 2, size: 2 }, botsAfterMs: 500 },
  },
  backfill: { running: false },
};
/** @type {Record<string, object>} */
const modes = match.modes;
modes.open = { ...modes.open, backfill: { running: true } };
Game(/** @type {never} */ ({ name: 'rumble', version: 1, seats: { min: 2, max: 4 }, joinable: true, seatGraceMs: 2_000, match }))(
  /** @type {never} */ (Rumble),
);
/** @type {[name: string, decorator: Function][]} */
const decorators = [
  ['end', Command()],
  ['win', Command()],
  ['wave', Command()],
  ['play', Bot({ everyMs: 50 })],
  ['joined', OnSeat('joined')],
];
for (const [name, decorate] of decorators) decorate(Rumble.prototype, name, Object.getOwnPropertyDescriptor(Rumble.prototype, name));

class RumbleGame {}
Module({ providers: [Rumble] })(RumbleGame);

export const RumbleModule = [RumbleGame];
