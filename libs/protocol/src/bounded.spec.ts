import { bounded, MESSAGE_CHARACTERS_MAX } from './bounded.js';
import { errorBody, HoldfastError } from './errors.js';

describe('a text with a limited length', () => {
  it('states its original length at the end when it was cut', () => {
    expect(bounded('short')).toBe('short');
    expect(bounded('abcdef', 4)).toBe('abcd… (6 characters)');
  });

  it('is never cut within a surrogate pair', () => {
    expect(bounded('abc💥', 4)).toBe('abc… (5 characters)');
    expect(bounded('ab💥d', 4)).toBe('ab💥… (5 characters)');
  });
});

describe('an error', () => {
  it('has a message that is cut at the maximum length', () => {
    const text = 'x'.repeat(1_000_000);
    for (const { message } of [
      new HoldfastError('bad-data', text),
      errorBody('bad-data', text),
      HoldfastError.from({ code: 'bad-data', message: text, retry: false }),
    ])
      expect(message.length).toBeLessThan(MESSAGE_CHARACTERS_MAX + 40);
  });

  it('has a code and a message even when another server sent a malformed error', () => {
    for (const body of [
      null,
      7,
      'text',
      [],
      {},
      { code: 7 },
      { code: 'busy', message: { toString: 1 }, retry: 'no', retryAfterMs: 'soon' },
    ]) {
      const error = HoldfastError.from(body);
      expect(['internal', 'busy']).toContain(error.code);
      expect(error.toBody()).toEqual({ code: error.code, message: expect.any(String), retry: true });
    }
  });
});
