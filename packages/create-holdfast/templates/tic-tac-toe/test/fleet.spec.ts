import { TestFleet } from '@holdfast/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TicTacToe } from '../src/games/tic-tac-toe/tic-tac-toe.js';

const GAME = 'tic-tac-toe';

// The servers of this project as real processes. `npm test` builds them before.
let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start({ games: 2 });
}, 120_000);
afterAll(() => fleet?.stop());

it('a game of tic-tac-toe continues after its server is killed', async () => {
  const [ann, bob] = [await fleet.connect({ name: 'Ann' }), await fleet.connect({ name: 'Bob' })];
  const rooms = await Promise.all([ann.quickMatch<TicTacToe>(GAME), bob.quickMatch<TicTacToe>(GAME)]);
  await Promise.all(rooms.map((room) => room.waitFor(({ seat, state }) => seat !== null && state !== undefined)));
  const [first, second] = rooms[0].seat === 0 ? rooms : [rooms[1], rooms[0]];
  await first.send('place', { cell: 4 });

  await fleet.kill(await fleet.ownerOf(first));
  await second.send('place', { cell: 0 });
  await first.waitFor(({ state }) => state?.cells[0] === 1);
  expect(first.state).toMatchObject({ cells: [1, null, null, null, 0, null, null, null, null], turn: 0 });
}, 60_000);
