import { RepeatedErrors } from './repeated-errors.js';

describe('the log lines of errors of one subject', () => {
  it('are written at most once a minute, with the number of suppressed lines', () => {
    const errors = new RepeatedErrors();
    const subject = { game: 'duel', room: 'r1', epoch: 1 };
    expect(errors.skippedBefore(subject, 0)).toBe(0);
    for (let now = 1; now <= 500; now++) expect(errors.skippedBefore(subject, now)).toBeNull();
    expect(errors.skippedBefore(subject, 60_000)).toBe(500);
    expect(errors.skippedBefore(subject, 60_001)).toBeNull();
  });

  it('do not delay the first log line of another subject', () => {
    const errors = new RepeatedErrors();
    errors.skippedBefore({ game: 'duel', room: 'r1' }, 0);
    expect(errors.skippedBefore({ game: 'duel', room: 'r2' }, 1)).toBe(0);
  });
});
