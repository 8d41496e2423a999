import type { UserId } from '#libs/protocol';
import { rankedResultOf, rankingFlaw, ratedGameOf } from './ranking.js';
import type { RoomValue, SeatValue } from './room-value.js';

describe('the ranking of a result', () => {
  it.each([
    [undefined],
    ['won'],
    [{ winner: 1 }],
    [{ ranking: [{ seat: 0, score: 3 }] }],
    [{ ranking: [[1], [0, 2]] }],
    [{ ranking: [[1, 2]], scores: [0, 3, 3] }],
  ])('is accepted when the result is %j', (result) => {
    expect(rankingFlaw(result, 3)).toBeNull();
  });

  it.each([
    [{ ranking: [[0], 1] }, 'has 1 as a place: give a list of seats'],
    [{ ranking: [[0], []] }, 'has an empty place: give a list of one or more seats'],
    [{ ranking: [[0], [3]] }, 'has seat 3: this room has seats 0 to 2'],
    [{ ranking: [[0], [1, 0]] }, 'has seat 0 twice'],
    [{ ranking: [[0]], scores: [1] }, 'has 1 scores: give one number for each of 3 seats'],
    [{ ranking: [[0]], scores: [1, 2, 'x'] }, "has the score 'x': give numbers"],
  ])('is refused when the result is %j', (result, flaw) => {
    expect(rankingFlaw(result, 3)).toBe(flaw);
  });

  it('is returned by `rankedResultOf`, which returns null for a result without a ranking', () => {
    expect(rankedResultOf({ ranking: [[1], [0]], scores: [1, 2] })).toEqual({ ranking: [[1], [0]], scores: [1, 2] });
    expect(rankedResultOf({ ranking: [{ seat: 1 }] })).toBeNull();
    expect(rankedResultOf('won')).toBeNull();
  });
});

describe('the teams of a rated game', () => {
  const seat = (user: string, more: Partial<SeatValue> = {}): SeatValue => ({
    user: user as UserId,
    name: user,
    presence: 'here',
    seq: 0,
    refused: [],
    ...more,
  });
  const endedWith = (ranking: number[][], seats: SeatValue[], reason: 'finished' | 'abandoned' = 'finished'): RoomValue =>
    ({ room: 'R', round: 2, game: 'duel', seats, ended: { reason, result: { ranking } } }) as unknown as RoomValue;

  it('are single seats when the game has no teams, with equal places after a draw', () => {
    expect(
      ratedGameOf(
        endedWith(
          [[1, 2], [0]],
          ['a', 'b', 'c', 'd'].map((user) => seat(user)),
        ),
      ),
    ).toEqual({
      game: 'duel',
      id: 'R:2',
      teams: [
        { users: ['b'], place: 0 },
        { users: ['c'], place: 0 },
        { users: ['a'], place: 1 },
        { users: ['d'], place: 2 },
      ],
    });
  });

  it('have the users of the seats with the same team number, but no bots', () => {
    const seats = [seat('a', { team: 0 }), seat('b', { team: 1 }), seat('c', { team: 0 }), seat('bot', { team: 1, bot: true })];
    expect(
      ratedGameOf(
        endedWith(
          [
            [1, 3],
            [0, 2],
          ],
          seats,
        ),
      )?.teams,
    ).toEqual([
      { users: ['b'], place: 0 },
      { users: ['a', 'c'], place: 1 },
    ]);
  });

  it('are null for a game that has no ranking, has only one team, or was abandoned', () => {
    expect(
      ratedGameOf({ ...endedWith([[0], [1]], [seat('a'), seat('b')]), ended: { reason: 'finished', result: { winner: 0 } } }),
    ).toBeNull();
    expect(ratedGameOf(endedWith([[0], [1]], [seat('a'), seat('b', { bot: true })]))).toBeNull();
    expect(ratedGameOf(endedWith([[0], [1]], [seat('a'), seat('b')], 'abandoned'))).toBeNull();
  });
});
