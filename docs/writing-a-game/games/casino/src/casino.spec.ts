import { GameTest, refuse } from '@holdfast/game-kit';
import { Casino } from './casino.js';

const play = (handlers: Parameters<typeof GameTest.create>[1]['handlers'] = {}) =>
  GameTest.create(Casino, { players: ['Ann', 'Bob'], effects: ['charge', 'settle', 'void'], handlers });

const effectsOf = (game: GameTest<Casino>) => game.effects.map(({ name }) => name);

describe('the example game casino', () => {
  it('tosses the coin only after the wallet has charged the player', async () => {
    const game = await play();
    game.as(0).bet({ coins: 10 });
    expect(game.state.bets).toMatchObject([{ coins: 10, status: 'charging' }]);
    game.result('charge', { left: 90 });
    expect(['won', 'lost']).toContain(game.state.bets[0].status);
    expect(effectsOf(game)).toEqual(['settle']);
  });

  it('refuses the bet of a player without enough coins', async () => {
    const game = await play({
      charge: () => {
        throw refuse('no-money');
      },
    });
    game.as(0).bet({ coins: 10 });
    await game.settle();
    expect(game.state.bets).toMatchObject([{ status: 'refused' }]);
    expect(effectsOf(game)).toEqual([]);
  });

  it('voids a bet when the wallet does not answer in time', async () => {
    const game = await play();
    game.as(0).bet({ coins: 10 });
    game.advance(10_000);
    expect(game.state.bets).toMatchObject([{ status: 'void' }]);
    expect(effectsOf(game)).toEqual(['void']);
  });

  it('voids a bet when the player leaves before the charge', async () => {
    const game = await play();
    game.as(0).bet({ coins: 10 });
    game.seat(0).left();
    game.result('charge', { left: 90 });
    expect(game.state.bets).toMatchObject([{ status: 'void' }]);
    expect(effectsOf(game)).toEqual(['void']);
  });
});
