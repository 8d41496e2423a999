import { Blender, lerp, lerpTurn } from './blend.js';

describe('a blend of two values', () => {
  it('interpolates two numbers, and extrapolates beyond the second number', () => {
    expect(lerp(10, 20, 0.25)).toBe(12.5);
    expect(lerp(10, 20, 1.5)).toBe(25);
  });

  it('interpolates two directions along the shorter arc', () => {
    expect(lerpTurn(350, 10, 0.5, 360)).toBeCloseTo(0);
    expect(lerpTurn(10, 350, 0.25, 360)).toBeCloseTo(5);
    expect(lerpTurn(-0.1, 0.1, 0.75)).toBeCloseTo(0.05);
    expect(lerpTurn(120, 8, 0.5, 128)).toBeCloseTo(0);
  });

  it('contains the later value of a field that has no rule or no earlier value', () => {
    const blender = new Blender<{ x?: number; score: number }>({ x: 'linear' });
    expect(blender.mix({ x: 0, score: 1 }, { x: 4, score: 2 }, 0.5)).toEqual({ x: 2, score: 2 });
    expect(blender.mix({ score: 1 }, { x: 4, score: 2 }, 0.5)).toEqual({ x: 4, score: 2 });
  });

  it('computes the offset that leads from the second value to the first', () => {
    const blender = new Blender<{ x: number; heading: number }>({ x: 'linear', heading: { turn: 360 } });
    const offset = blender.offset({ x: 3, heading: 10 }, { x: 7, heading: 350 });
    expect(offset).toEqual({ x: -4, heading: 20 });
    expect(blender.length(offset)).toBe(4);
    expect(blender.add({ x: 7, heading: 350 }, offset)).toEqual({ x: 3, heading: 10 });
  });

  it('refuses a rule for directions in which a full turn has 0 units', () => {
    expect(() => new Blender<{ heading: number }>({ heading: { turn: 0 } })).toThrow("blend.heading must be 'linear' or");
  });
});
