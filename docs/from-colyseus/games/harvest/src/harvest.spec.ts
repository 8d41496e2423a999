import { GameTest } from '@holdfast/game-kit';
import { Harvest } from './harvest.js';

describe('the example game harvest', () => {
  it('ends with a ranking when a farmer reaches the end of the field', async () => {
    const game = await GameTest.create(Harvest, { players: ['Ada', 'Bob'], options: { map: 'hill' } });
    game.input(1, { move: 1 });
    game.step(60);
    expect(game.ended?.result).toEqual({ ranking: [[1], [0]] });
  });

  it('refuses an empty message', async () => {
    const game = await GameTest.create(Harvest, { players: ['Ada'] });
    expect(game.command(0, 'say', { text: ' ' })).toBe('nothing-said');
  });

  it('shows the number of farmers in the list of rooms', async () => {
    const game = await GameTest.create(Harvest, { players: ['Ada', 'Bob'] });
    expect(game.metadata).toEqual({ farmers: 2 });
  });

  it('hides the coins of a farmer from other players', async () => {
    const game = await GameTest.create(Harvest, { players: ['Ada', 'Bob'] });
    expect(game.view(0)).toMatchObject({ farmers: [{ seat: 0 }, { seat: 1, coins: 0 }] });
  });
});
