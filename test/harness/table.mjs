// `table`: a game for 1 to 4 players with options, metadata, teams and a ranking. The schema of its options drops unknown fields, as many
// schemas do.
import { z } from 'zod';
import { Command, Game, OnSeat } from '#libs/game-kit';
import { Module } from './nest.mjs';

const Options = z.object({ map: z.enum(['sea', 'land']).default('sea'), minutes: z.int().min(1).max(60).optional() });
const Level = z.strictObject({ level: z.int() });

/**
 * @typedef {{ count: number, map: string, teams: (number | null)[], left: number[] }} State
 * @typedef {import('#libs/game-kit').GameRoom<State>} TableRoom
 */

class Table {
  /** @param {import('#libs/game-kit').Setup<z.output<typeof Options> | undefined>} room @returns {State} */
  setup({ options, seats }) {
    return { count: 0, map: options?.map ?? 'sea', teams: seats.map(({ team }) => team ?? null), left: [] };
  }

  /** @param {TableRoom} room */
  count(room) {
    room.state.count += 1;
    room.emit('counted', { count: room.state.count });
  }

  /** @param {TableRoom} room @param {z.output<typeof Level>} data */
  level(room, { level }) {
    room.setMetadata({ level });
  }

  /** @param {TableRoom} room */
  left({ state, seat }) {
    state.left.push(seat);
  }

  /** @param {TableRoom} room */
  finish(room) {
    const all = room.seats.map(({ seat }) => seat);
    room.end({ ranking: [all.slice(0, 2), all.slice(2)].filter(({ length }) => length > 0), scores: all.map(() => 1) });
  }
}

Game({ name: 'table', version: 1, seats: { min: 1, max: 4 }, options: Options })(/** @type {never} */ (Table));
/** @type {[name: string, decorator: Function][]} */
const decorators = [
  ['count', Command()],
  ['level', Command(Level)],
  ['left', OnSeat('left')],
  ['finish', Command()],
];
for (const [name, decorate] of decorators) decorate(Table.prototype, name, Object.getOwnPropertyDescriptor(Table.prototype, name));

class TableGame {}
Module({ providers: [Table] })(TableGame);

export const TableModule = [TableGame];
