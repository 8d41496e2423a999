import { cellTo } from './grid-keys.js';

describe('the arrow keys and Home and End', () => {
  it('move the focus to the next cell', () => {
    expect(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].map((key) => cellTo(key, 4, 3, 9))).toEqual([3, 5, 1, 7]);
  });

  it('do not move the focus beyond the edges', () => {
    expect(cellTo('ArrowLeft', 3, 3, 9)).toBeNull();
    expect(cellTo('ArrowRight', 5, 3, 9)).toBeNull();
    expect(cellTo('ArrowUp', 1, 3, 9)).toBeNull();
    expect(cellTo('ArrowDown', 7, 3, 9)).toBeNull();
  });

  it('move the focus to the ends of a row with Home and End only', () => {
    expect(cellTo('Home', 4, 3, 9)).toBe(3);
    expect(cellTo('End', 4, 3, 9)).toBe(5);
    expect(cellTo('x', 4, 3, 9)).toBeNull();
  });
});
