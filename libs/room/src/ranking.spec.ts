import { rankedResultOf, rankingFlaw } from './ranking.js';

describe('the ranking of a result', () => {
  it.each([
    [undefined],
    ['won'],
    [{ winner: 1 }],
    [{ ranking: [{ seat: 0, score: 3 }] }],
    [{ ranking: [[1], [0, 2]] }],
    [{ ranking: [[1, 2]], scores: [0, 3, 3] }],
  ])('may be %j', (result) => {
    expect(rankingFlaw(result, 3)).toBeNull();
  });

  it.each([
    [{ ranking: [[0], 1] }, 'has 1 as a place: give a list of seats'],
    [{ ranking: [[0], []] }, 'has an empty place: give a list of one or more seats'],
    [{ ranking: [[0], [3]] }, 'has seat 3: this room has seats 0 to 2'],
    [{ ranking: [[0], [1, 0]] }, 'has seat 0 twice'],
    [{ ranking: [[0]], scores: [1] }, 'has 1 scores: give one number for each of 3 seats'],
    [{ ranking: [[0]], scores: [1, 2, 'x'] }, "has the score 'x': give numbers"],
  ])('may not be %j', (result, flaw) => {
    expect(rankingFlaw(result, 3)).toBe(flaw);
  });

  it('is read from a result that has it', () => {
    expect(rankedResultOf({ ranking: [[1], [0]], scores: [1, 2] })).toEqual({ ranking: [[1], [0]], scores: [1, 2] });
    expect(rankedResultOf({ ranking: [{ seat: 1 }] })).toBeNull();
    expect(rankedResultOf('won')).toBeNull();
  });
});
