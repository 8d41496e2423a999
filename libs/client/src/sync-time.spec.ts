import { SyncTime } from './sync-time.js';

describe('the room time of a sync', () => {
  it("is the time of the sync's base version plus the elapsed time", () => {
    const time = new SyncTime();
    expect(time.take({ version: 10, time: 1_000 })).toBe(1_000);
    expect(time.take({ version: 11, from: 10, elapsed: 50 })).toBe(1_050);
    expect(time.take({ version: 14, from: 11, elapsed: 60 })).toBe(1_110);
  });

  it('is computed from the last change of the state when acknowledgements followed the change', () => {
    const time = new SyncTime();
    time.take({ version: 10, time: 1_000 });
    time.take({ version: 11, from: 10, elapsed: 50 });
    expect(time.take({ version: 12, from: 11, elapsed: 20 })).toBe(1_070);
    expect(time.take({ version: 13, from: 11, elapsed: 30 })).toBe(1_080);
    expect(time.take({ version: 14, from: 11, elapsed: 50 })).toBe(1_100);
    expect(time.take({ version: 15, from: 14, elapsed: 50 })).toBe(1_150);
  });

  it('is the time of the last sync plus the elapsed time even when the base version is below the version of that sync', () => {
    const time = new SyncTime();
    // The state changed last at version 10, at 1000 ms.
    time.take({ version: 12, time: 1_000 });
    expect(time.take({ version: 13, from: 10, elapsed: 50 })).toBe(1_050);
  });

  it('is undefined until the first sync with an absolute time', () => {
    const time = new SyncTime();
    expect(time.take({ version: 1 })).toBeUndefined();
    expect(time.take({ version: 2, from: 1, elapsed: 50 })).toBeUndefined();
    expect(time.take({ version: 2, from: 2, time: 500 })).toBe(500);
    expect(time.take({ version: 3, from: 2, elapsed: 50 })).toBe(550);
  });
});
