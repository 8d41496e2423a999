import { LocalHealth } from './local-health.js';

const INTERVAL_MS = 1_000;

/** Ticks as the checker does, from `from` to `to`. */
function tickThrough(doubt: LocalHealth, from: number, to: number): void {
  for (let now = from; now <= to; now += 50) doubt.tick(now);
}

describe('LocalHealth', () => {
  it('has none in a process that turns, over a store that answers', () => {
    const doubt = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 2_000);
    expect(doubt.voidReason(1_000, 2_000)).toBeNull();
  });

  it('voids what was asked before the process was away, and not what is asked after', () => {
    const doubt = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 1_000);
    tickThrough(doubt, 11_000, 12_000);
    expect(doubt.voidReason(1_000, 12_000)).toBe('loop-late');
    expect(doubt.voidReason(11_050, 12_000)).toBeNull();
  });

  it('notices that it was away even when answers are judged before the next tick', () => {
    const doubt = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 1_000);
    expect(doubt.voidReason(950, 11_000)).toBe('loop-late');
  });

  it('lets a short delay pass', () => {
    const doubt = new LocalHealth(INTERVAL_MS, 0);
    doubt.tick(0);
    doubt.tick(INTERVAL_MS / 2);
    expect(doubt.voidReason(0, INTERVAL_MS / 2)).toBeNull();
  });

  it('voids all until the store had two clean rounds in a row', () => {
    const doubt = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 6_000);
    doubt.redisFailed('store-restarted');
    doubt.redisAnswered(1_000);
    expect(doubt.voidReason(1_500, 6_000)).toBe('store-restarted');
    doubt.redisFailed('store-slow');
    doubt.redisAnswered(3_000);
    expect(doubt.voidReason(3_500, 6_000)).toBe('store-slow');
    doubt.redisAnswered(4_000);
    expect(doubt.voidReason(3_500, 6_000)).toBe('store-slow');
    expect(doubt.voidReason(4_000, 6_000)).toBeNull();
  });

  it('is not undone by more clean rounds', () => {
    const doubt = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(doubt, 0, 6_000);
    doubt.redisAnswered(5_000);
    expect(doubt.voidReason(4_000, 6_000)).toBeNull();
  });
});
