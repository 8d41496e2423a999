import { GameTest } from '@holdfast/game-kit';
import { Crowd } from './crowd.js';

const PLAYERS = Array.from({ length: 100 }, (_, seat) => `P${seat}`);

describe('the example game crowd', () => {
  it('shows each player the persons nearby, and spectators all persons', async () => {
    const game = await GameTest.create(Crowd, { players: PLAYERS });
    game.step();
    const { people } = game.state;
    const near = people.flatMap(({ x, y }, seat) => (Math.hypot(x - people[0].x, y - people[0].y) <= 100 ? [seat] : []));
    expect((game.view(0) as { id: number }[]).map(({ id }) => id)).toEqual(near);
    expect(game.view(null)).toHaveLength(100);
  });

  it('sends a player much less data than a spectator', async () => {
    const game = await GameTest.create(Crowd, { players: PLAYERS });
    game.step();
    const walk = (): void => {
      for (let step = 0; step < 20; step++) {
        for (let seat = 0; seat < 100; seat++) game.input(seat, { dx: Math.cos(seat + step / 5), dy: Math.sin(seat + step / 5) });
        game.step();
      }
    };
    expect(10 * game.measure(0, walk).bytes).toBeLessThan(game.measure(null, walk).bytes);
  });
});
