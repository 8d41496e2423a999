import { cellTo } from './grid-keys.js';

describe('the keys of a grid', () => {
  it('move the focus by one cell with each arrow key', () => {
    expect(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].map((key) => cellTo(key, 4, 3, 9))).toEqual([3, 5, 1, 7]);
  });

  it('do not move the focus beyond the edges of the grid', () => {
    expect(cellTo('ArrowLeft', 3, 3, 9)).toBeNull();
    expect(cellTo('ArrowRight', 5, 3, 9)).toBeNull();
    expect(cellTo('ArrowUp', 1, 3, 9)).toBeNull();
    expect(cellTo('ArrowDown', 7, 3, 9)).toBeNull();
  });

  it('move the focus to the first or last cell of a row with Home or End', () => {
    expect(cellTo('Home', 4, 3, 9)).toBe(3);
    expect(cellTo('End', 4, 3, 9)).toBe(5);
    expect(cellTo('x', 4, 3, 9)).toBeNull();
  });
});
