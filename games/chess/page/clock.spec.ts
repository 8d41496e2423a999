import { ClockFace, clockText, pageNow } from './clock.js';

describe('the clocks on the page', () => {
  it('count down only for the side to move', () => {
    const face = new ClockFace();
    const clocks = { white: 60_000, black: 50_000, runningSince: 1_000 };
    face.follow(clocks, 1_000);
    expect(face.leftMs(clocks, 'w', 'w', 11_000)).toBe(50_000);
    expect(face.leftMs(clocks, 'b', 'w', 11_000)).toBe(50_000);
    expect(face.leftMs(clocks, 'w', 'w', 99_000)).toBe(0);
  });

  it("show the remaining time after the first move even when the computer's clock is wrong", () => {
    const face = new ClockFace();
    face.follow({ white: 60_000, black: 60_000, runningSince: 1_000 }, 501_000);
    const clocks = { white: 60_000, black: 60_000, runningSince: 5_000 };
    face.follow(clocks, 505_000);
    expect(face.leftMs(clocks, 'w', 'w', 506_000)).toBe(59_000);
  });

  it("start without a delay when the computer's clock is behind", () => {
    const face = new ClockFace();
    const clocks = { white: 60_000, black: 60_000, runningSince: 100_000 };
    face.follow(clocks, 40_000);
    expect(face.leftMs(clocks, 'w', 'w', 41_000)).toBe(59_000);
  });

  it('stop during a pause', () => {
    const face = new ClockFace();
    const clocks = { white: 60_000, black: 60_000, runningSince: 1_000 };
    face.follow(clocks, 1_000);
    face.freeze(true, 2_000);
    expect(face.leftMs(clocks, 'w', 'w', 9_000)).toBe(59_000);
    face.freeze(false, 9_000);
    expect(face.leftMs(clocks, 'w', 'w', 9_000)).toBe(52_000);
  });

  it('show tenths of a second when little time is left', () => {
    expect([600_000, 65_001, 20_000, 9_870, 0].map(clockText)).toEqual(['10:00', '1:06', '0:20', '0:09.8', '0:00.0']);
  });
});

describe('the time of the page', () => {
  it("does not jump when the computer's clock is set", () => {
    const before = pageNow();
    expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
    const setClock = jest.spyOn(Date, 'now').mockReturnValue(0);
    expect(pageNow() - before).toBeLessThan(60_000);
    setClock.mockRestore();
  });
});
