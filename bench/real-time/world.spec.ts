import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FULL_TURN, move, progress, SIDE, STEPS_PER_SECOND, STRIDE } from './world.js';

const RIGHT = 0;
const DOWN = FULL_TURN / 4;

describe('the world of the real-time benchmarks', () => {
  it('moves a ship by one stride in units of 0.01', () => {
    const ship = { x: 10, y: 10 };
    move(ship, FULL_TURN / 8);
    expect(ship).toEqual({ x: 12.83, y: 12.83 });
  });

  it('moves a ship that leaves the world to the opposite side', () => {
    const ship = { x: SIDE - 1, y: 0.5 };
    move(ship, RIGHT);
    expect(ship).toEqual({ x: 3, y: 0.5 });
    expect(progress({ x: SIDE - 1, y: 0.5 }, ship, RIGHT)).toBeCloseTo(STRIDE);
    expect(progress({ x: SIDE - 1, y: 0.5 }, ship, DOWN)).toBeCloseTo(0);
  });

  it("has the same constants as the benchmark's Colyseus server", () => {
    const theirs = readFileSync(join(__dirname, '../peers/npm/colyseus/arena.mjs'), 'utf8');
    for (const [name, value] of Object.entries({ STEPS_PER_SECOND, SIDE, STRIDE, FULL_TURN }))
      expect(theirs).toContain(`const ${name} = ${value};`);
  });
});
