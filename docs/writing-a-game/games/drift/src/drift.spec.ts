import { GameTest } from '@holdfast/game-kit';
import { Drift } from './drift.js';

it('the example game drift moves a boat in its direction twenty times a second', async () => {
  const game = await GameTest.create(Drift, { players: ['Ann'], seed: 4 });
  const { x, y } = game.state.boats[0];
  game.as(0).steer({ heading: 90 });
  game.advance(1_000);
  expect(game.state.boats[0].x).toBeCloseTo(x + 5);
  expect(game.state.boats[0].y).toBeCloseTo(y);
  expect(game.changes).toHaveLength(1 + 20);
});
