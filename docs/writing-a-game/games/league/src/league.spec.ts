import { GameTest } from '@holdfast/game-kit';
import { League } from './league.js';
import { ProfileStore, Profiles } from './profiles.js';

const store: ProfileStore = {
  find: async (user) => (user === 'user-of-Cheater' ? { title: 'Cheater', isSuspended: true } : undefined),
};
const play = (...players: Parameters<typeof GameTest.create>[1]['players']) =>
  GameTest.create(League, { players, providers: [Profiles, { provide: ProfileStore, useValue: store }] });

describe('the example game league', () => {
  it('begins with the profiles and divisions of its players', async () => {
    const game = await play('Ann', { name: 'Bob', claims: { division: 2 } });
    expect(game.state.players).toEqual([
      { title: 'Novice', division: null, score: 0 },
      { title: 'Novice', division: 2, score: 0 },
    ]);
    game.as(1)['take-shot']({ score: 7 });
    expect(game.events).toEqual([{ name: 'shot-taken', data: { by: 'Bob', score: 7 } }]);
  });

  it('refuses to begin with a suspended player', async () => {
    await expect(play('Ann', 'Cheater')).rejects.toMatchObject({ code: 'suspended' });
  });
});
