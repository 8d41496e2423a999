// `rumble`: a game for 2 to 4 players with rules for matches. Its modes: `asked` offers each match for 1.5 s, `duo` has two teams of two,
// `asked-duo` too, and asks for 30 s, `open` fills running games. A game ends when a player sends `end`.
import { Command, Game, OnSeat } from '#libs/game-kit';
import { Module } from './nest.mjs';

/** @typedef {import('#libs/game-kit').GameRoom<{ joined: number }>} RumbleRoom */

class Rumble {
  setup() {
    return { joined: 0 };
  }

  /** @param {RumbleRoom} room */
  joined({ state }) {
    state.joined += 1;
  }

  /** @param {RumbleRoom} room */
  end(room) {
    room.end({ ended: true });
  }
}

const match = {
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
  ['joined', OnSeat('joined')],
];
for (const [name, decorate] of decorators) decorate(Rumble.prototype, name, Object.getOwnPropertyDescriptor(Rumble.prototype, name));

class RumbleGame {}
Module({ providers: [Rumble] })(RumbleGame);

export const RumbleModule = [RumbleGame];
