import { KeyRotation } from './key-rotation.js';

describe('KeyRotation', () => {
  it('returns each key once before any key is returned again', () => {
    const rotation = new KeyRotation<number>();
    const keys = Array.from({ length: 7 }, (_, index) => index);
    const turns = Array.from({ length: 3 }, () => rotation.next(() => keys, 3));
    expect(turns.map((turn) => turn.length)).toEqual([3, 3, 1]);
    expect(turns.flat()).toEqual(keys);
    expect(rotation.next(() => keys, 3)).toEqual([0, 1, 2]);
  });

  it('returns an old key again, even when many new keys are added in the meantime', () => {
    const rotation = new KeyRotation<number>();
    const keys = [0, 1, 2];
    let turnsOfFirst = 0;
    for (let call = 0; call < 100; call++) {
      turnsOfFirst += rotation.next(() => keys, 2).filter((key) => key === 0).length;
      keys.push(10 + call);
    }
    expect(turnsOfFirst).toBeGreaterThan(4);
  });

  it('returns nothing when no keys exist', () => {
    expect(new KeyRotation<number>().next(() => [], 3)).toEqual([]);
  });
});
