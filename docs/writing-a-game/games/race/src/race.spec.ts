import { GameTest } from '@holdfast/game-kit';
import { RaceGame } from './race.js';

describe('the example game race', () => {
  it('turns a car in each step while the player steers', async () => {
    const race = await GameTest.create(RaceGame, { players: ['Ann', 'Bob'] });
    race.input(0, { turn: 1, isFiring: true });
    race.step(3);
    expect(race.state.cars).toEqual([
      { heading: 3, shots: 3 },
      { heading: 0, shots: 0 },
    ]);
    expect(race.events).toEqual(Array(3).fill({ name: 'flash', data: { seat: 0 }, volatile: true }));
  });
});
