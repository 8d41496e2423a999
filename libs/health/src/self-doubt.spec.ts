import { SelfDoubt } from './self-doubt.js';

const INTERVAL_MS = 1_000;

/** Ticks as the checker does, from `from` to `to`. */
function tickThrough(doubt: SelfDoubt, from: number, to: number): void {
  for (let now = from; now <= to; now += 50) doubt.turn(now);
}

describe('SelfDoubt', () => {
  it('has none in a process that turns, over a store that answers', () => {
    const doubt = new SelfDoubt(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 2_000);
    expect(doubt.about(1_000, 2_000)).toBeNull();
  });

  it('voids what was asked before the process was away, and not what is asked after', () => {
    const doubt = new SelfDoubt(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 1_000);
    tickThrough(doubt, 11_000, 12_000);
    expect(doubt.about(1_000, 12_000)).toBe('loop-late');
    expect(doubt.about(11_050, 12_000)).toBeNull();
  });

  it('notices that it was away even when answers are judged before the next tick', () => {
    const doubt = new SelfDoubt(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 1_000);
    expect(doubt.about(950, 11_000)).toBe('loop-late');
  });

  it('lets a short delay pass', () => {
    const doubt = new SelfDoubt(INTERVAL_MS, 0);
    doubt.turn(0);
    doubt.turn(INTERVAL_MS / 2);
    expect(doubt.about(0, INTERVAL_MS / 2)).toBeNull();
  });

  it('voids all until the store had two clean rounds in a row', () => {
    const doubt = new SelfDoubt(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 6_000);
    doubt.storeTroubled('store-restarted');
    doubt.storeClean(1_000);
    expect(doubt.about(1_500, 6_000)).toBe('store-restarted');
    doubt.storeTroubled('store-slow');
    doubt.storeClean(3_000);
    expect(doubt.about(3_500, 6_000)).toBe('store-slow');
    doubt.storeClean(4_000);
    expect(doubt.about(3_500, 6_000)).toBe('store-slow');
    expect(doubt.about(4_000, 6_000)).toBeNull();
  });

  it('is not undone by more clean rounds', () => {
    const doubt = new SelfDoubt(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 6_000);
    doubt.storeClean(5_000);
    expect(doubt.about(4_000, 6_000)).toBeNull();
  });
});
