import { GameTest } from '@holdfast/game-kit';
import { describe, expect, it } from 'vitest';
import { Boats } from './boats.js';

const play = () => GameTest.create(Boats, { players: ['Ann', 'Bob'] });

/** Steers the boat of a seat toward the buoy until the race ends or the given number of steps is over. */
function race(game: GameTest<Boats>, seat: number, steps: number): void {
  for (let step = 0; step < steps && !game.ended; step += 1) {
    const { boats, buoy } = game.state;
    const { x, y, heading } = boats[seat]!;
    const off = Math.sin(Math.atan2(buoy.y - y, buoy.x - x) - heading);
    const isBehind = Math.cos(Math.atan2(buoy.y - y, buoy.x - x) - heading) < 0;
    game.input(seat, { turn: off > 0.1 || (isBehind && off >= 0) ? 1 : off < -0.1 || isBehind ? -1 : 0, sail: !isBehind });
    game.step(1);
  }
}

describe('boats', () => {
  it('sails while a player holds the key down', async () => {
    const game = await play();
    game.input(0, { turn: 0, sail: true });
    game.step(20);
    expect(game.state.boats[0]!.x).toBeGreaterThan(100);
    expect(game.state.boats[1]!.x).toBe(50);
  });

  it('refuses a rudder value outside of its limits', async () => {
    const game = await play();
    expect(() => game.input(0, { turn: 9, sail: true })).toThrow();
  });

  it('is won by the first boat that has reached five buoys', async () => {
    const game = await play();
    race(game, 1, 5_000);
    expect(game.ended?.result).toEqual({ winner: 1 });
  });

  it('continues without a player who leaves', async () => {
    const game = await play();
    game.seat(0).left();
    game.step(1);
    expect(game.state.boats.map(({ seat }) => seat)).toEqual([1]);
  });
});
