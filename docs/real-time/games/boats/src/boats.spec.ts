import { GameTest } from '@holdfast/game-kit';
import { Boats } from './boats.js';
import { IDLE, sail } from './motion.js';

describe('the example game boats', () => {
  it('sails while a player holds the key down', async () => {
    const game = await GameTest.create(Boats, { players: ['Ada', 'Bob'] });
    game.input(0, { turn: 0, sail: true });
    game.step(20);
    expect(game.state.boats[0].x).toBeGreaterThan(40);
    expect(game.state.boats[1].x).toBe(100);
  });

  it('has a step function that the page can run without a server', () => {
    const boat = { seat: 0, x: 0, y: 0, heading: 0, speed: 100 };
    sail(boat, IDLE, 50);
    expect(boat).toEqual({ seat: 0, x: 4.75, y: 0, heading: 0, speed: 95 });
  });

  it('refuses a rudder value outside of its limits', async () => {
    const game = await GameTest.create(Boats, { players: ['Ada'] });
    expect(() => game.input(0, { turn: 9, sail: true })).toThrow();
  });

  it('sends at most 80 bytes per step while both players sail and turn', async () => {
    const game = await GameTest.create(Boats, { players: ['Ada', 'Bob'] });
    for (const seat of [0, 1]) game.input(seat, { turn: 1, sail: true });
    const traffic = game.measure(0, () => game.step(200));
    if (process.env.SHOW) process.stdout.write(String(traffic));
    expect(Math.max(...traffic.syncs)).toBeLessThanOrEqual(80);
  });
});
