import { GameTest } from '@holdfast/game-kit';
import { Coins } from './coins.js';

describe('the example game on the home page', () => {
  it('lets players take coins in turn, and ends with the last coin', async () => {
    const game = await GameTest.create(Coins, { players: ['Ann', 'Bob'] });
    expect(game.command(1, 'take', undefined)).toBe('not-your-turn');
    for (let coin = 0; coin < 21; coin += 1) game.as(coin % 2).take();
    expect(game.ended?.result).toEqual({ winner: 0 });
  });
});
