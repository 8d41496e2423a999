import { ERROR_CODES, errorBody, HoldfastError, toErrorBody } from './errors.js';

describe('HoldfastError', () => {
  it('knows the sentence of its code, and whether to try again', () => {
    expect(new HoldfastError('no-capacity')).toMatchObject({
      name: 'HoldfastError',
      code: 'no-capacity',
      retry: true,
      message: errorBody('no-capacity').message,
    });
    expect(new HoldfastError('room-full').retry).toBe(false);
  });

  it("carries a game's own code as it is", () => {
    expect(new HoldfastError('not-your-turn').toBody()).toEqual({ code: 'not-your-turn', message: 'not-your-turn', retry: false });
    expect(new HoldfastError('constructor').message).toBe('constructor');
  });

  it('travels and arrives the same', () => {
    const body = { code: 'busy', message: 'Wait.', retry: true, retryAfterMs: 50 };
    expect(HoldfastError.from(body).toBody()).toEqual(body);
  });

  it('is all that a player hears of: anything else is `internal`, without its message', () => {
    expect(toErrorBody(new Error('password is x'))).toEqual(errorBody('internal'));
    expect(toErrorBody('thrown text')).toEqual(errorBody('internal'));
  });

  it('has codes of lower-case words, each with a sentence', () => {
    for (const code of ERROR_CODES) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(errorBody(code).message).toMatch(/^[A-Z].*\.$/);
    }
  });
});
