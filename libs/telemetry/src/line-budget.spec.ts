import { LineBudget } from './line-budget.js';

describe('the budget of log lines', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('allows the maximum number of lines in each second, and reports the number of omitted lines', () => {
    const leftOut: number[] = [];
    const budget = new LineBudget(3, (lines) => leftOut.push(lines));
    const taken = () => Array.from({ length: 10 }, () => budget.take()).filter(Boolean).length;
    expect(taken()).toBe(3);
    jest.advanceTimersByTime(999);
    expect(budget.take()).toBe(false);
    expect(leftOut).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(leftOut).toEqual([8]);
    expect(taken()).toBe(3);
    jest.advanceTimersByTime(1_000);
    expect(leftOut).toEqual([8, 7]);
  });

  it('reports nothing as long as the number of lines is within the limit', () => {
    const leftOut: number[] = [];
    const budget = new LineBudget(2, (lines) => leftOut.push(lines));
    for (let second = 0; second < 5; second++) {
      expect([budget.take(), budget.take()]).toEqual([true, true]);
      jest.advanceTimersByTime(1_000);
    }
    expect(leftOut).toEqual([]);
  });
});
