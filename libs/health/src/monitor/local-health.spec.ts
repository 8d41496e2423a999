import { LocalHealth } from './local-health.js';

const INTERVAL_MS = 1_000;

/** Calls `tick` once per period of the checker, from the time `from` to the time `to`. */
function tickThrough(health: LocalHealth, from: number, to: number): void {
  for (let now = from; now <= to; now += 50) health.tick(now);
}

describe('LocalHealth', () => {
  it('voids no checks while the process runs and Redis answers', () => {
    const health = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(health, 0, 2_000);
    expect(health.voidReason(1_000, 2_000)).toBeNull();
  });

  it('voids only the checks from before a suspension of the process', () => {
    const health = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(health, 0, 1_000);
    tickThrough(health, 11_000, 12_000);
    expect(health.voidReason(1_000, 12_000)).toBe('loop-late');
    expect(health.voidReason(11_050, 12_000)).toBeNull();
  });

  it('detects a suspension of the process before the next tick', () => {
    const health = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(health, 0, 1_000);
    expect(health.voidReason(950, 11_000)).toBe('loop-late');
  });

  it('voids no checks after a short delay of a tick', () => {
    const health = new LocalHealth(INTERVAL_MS, 0);
    health.tick(0);
    health.tick(INTERVAL_MS / 2);
    expect(health.voidReason(0, INTERVAL_MS / 2)).toBeNull();
  });

  it('voids all checks after a failure of Redis until Redis has answered twice in a row', () => {
    const health = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(health, 0, 6_000);
    health.redisFailed('store-restarted');
    health.redisAnswered(1_000);
    expect(health.voidReason(1_500, 6_000)).toBe('store-restarted');
    health.redisFailed('store-slow');
    health.redisAnswered(3_000);
    expect(health.voidReason(3_500, 6_000)).toBe('store-slow');
    health.redisAnswered(4_000);
    expect(health.voidReason(3_500, 6_000)).toBe('store-slow');
    expect(health.voidReason(4_000, 6_000)).toBeNull();
  });

  it('voids no checks when Redis answers without an earlier failure', () => {
    const health = new LocalHealth(INTERVAL_MS, 0);
    tickThrough(health, 0, 6_000);
    health.redisAnswered(5_000);
    expect(health.voidReason(4_000, 6_000)).toBeNull();
  });
});
