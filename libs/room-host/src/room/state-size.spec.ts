import type { Change, RoomValue } from '#libs/room';
import { StateSize } from './state-size.js';

const change = (text: string): Change => ({ version: 1, at: 0, patches: [{ op: 'replace', path: '/text', value: text }] });
const roomWith = (text: string) => ({ state: { text } }) as unknown as RoomValue;

describe('the size of a state', () => {
  it('is estimated, and not measured, when the state cannot exceed the limit', () => {
    const size = new StateSize(1_000);
    size.measured(500);
    expect(size.takes(change('x'.repeat(300)), roomWith('x'.repeat(5_000)), roomWith(''))).toBe(true);
    expect(size.bytes).toBe(500);
    expect(size.changedBytes).toBeGreaterThan(300);
  });

  it('is measured when the state could exceed the limit', () => {
    const size = new StateSize(1_000);
    size.measured(900);
    expect(size.takes(change('x'.repeat(300)), roomWith('x'.repeat(300)), roomWith(''))).toBe(true);
    expect(size.bytes).toBeLessThan(400);
    expect(size.changedBytes).toBe(0);
    expect(size.takes(change('x'.repeat(2_000)), roomWith('x'.repeat(2_000)), roomWith(''))).toBe(false);
    expect(size.bytes).toBeGreaterThan(2_000);
  });

  it('includes every copy of a repeated object', () => {
    const size = new StateSize(1_000);
    size.measured(500);
    const units = (count: number) => ({ state: Array(count).fill({ ['long'.repeat(50)]: 1 }) }) as unknown as RoomValue;
    expect(size.takes({ version: 1, at: 0, delta: new Uint8Array(9) }, units(9), units(1))).toBe(false);
    expect(size.bytes).toBeGreaterThan(1_800);
  });

  it('cannot be computed for a change that cannot be stored', () => {
    const size = new StateSize(1_000);
    const patches = [{ op: 'replace', path: '/text', value: 1n }] as unknown as NonNullable<Change['patches']>;
    expect(() => size.takes({ version: 1, at: 0, patches }, roomWith(''), roomWith(''))).toThrow('bigint');
  });
});
