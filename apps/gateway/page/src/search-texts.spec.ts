import { durationText, progressTexts } from './search-texts.js';

const base = { kind: 'match', game: 'chess', ticket: 't-1', event: 'searching' } as const;

describe('the texts about a search', () => {
  it('are empty before the server reports progress', () => {
    expect(progressTexts(null)).toEqual([]);
    expect(progressTexts(base)).toEqual([]);
  });

  it('name the place in the queue, the estimated wait and the reason for the wait', () => {
    const progress = { ...base, waitedMs: 9_000, place: 2, waiting: 7, estimateMs: 20_400, reason: '1 player within 150 points, 2 needed' };
    expect(progressTexts(progress)).toEqual([
      'You are number 2 of 7 players.',
      'A match takes about 20 s.',
      '1 player within 150 points, 2 needed.',
    ]);
  });

  it('do not mention a place in the queue when no other player waits', () => {
    expect(progressTexts({ ...base, waitedMs: 1, place: 1, waiting: 1 })).toEqual([]);
  });

  it('say only that the search waits while a player of the party is away', () => {
    expect(progressTexts({ ...base, paused: true, place: 2, waiting: 7 })).toEqual([
      'The search pauses while a player of your party is away.',
    ]);
  });

  it('contain only rounded durations', () => {
    expect([0, 400, 89_000, 91_000, 600_000].map(durationText)).toEqual(['1 s', '1 s', '89 s', '2 min', '10 min']);
  });
});
