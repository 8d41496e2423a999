import fc from 'fast-check';
import { InterestGrid } from './interest.js';

const place = fc.record({ x: fc.integer({ min: -500, max: 500 }), y: fc.integer({ min: -500, max: 500 }) });
const RADIUS = { enter: 100, leave: 120 };

describe('an interest grid', () => {
  it('finds the same entities as a loop over all entities', () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 60 }), place, fc.uniqueArray(fc.nat({ max: 59 })), (entities, at, seen) => {
        const before = seen.filter((index) => index < entities.length).sort((a, b) => a - b);
        const expected = entities.flatMap(({ x, y }, index) => {
          const far = Math.hypot(x - at.x, y - at.y);
          return far <= RADIUS.enter || (far <= RADIUS.leave && before.includes(index)) ? [index] : [];
        });
        expect(new InterestGrid(entities, 100).near(at, RADIUS, before)).toEqual(expected);
      }),
    );
  });

  it('adds an entity to the result within the distance `enter`, and removes the entity beyond the distance `leave`', () => {
    const seen = (x: number, before: readonly number[]) => new InterestGrid([{ x, y: 0 }], 100).near({ x: 0, y: 0 }, RADIUS, before);
    expect([seen(110, []), seen(100, []), seen(110, [0]), seen(121, [0])]).toEqual([[], [0], [0], []]);
  });

  it('returns the array of the previous call when no entity has changed', () => {
    const before = [0];
    expect(new InterestGrid([{ x: 1, y: 1 }], 100).near({ x: 0, y: 0 }, RADIUS, before)).toBe(before);
  });

  it('refuses cells of size 0', () => {
    expect(() => new InterestGrid([], 0)).toThrow('give a number above 0');
  });
});
