import { ERROR_CODES, errorBody, HoldfastError, toErrorBody } from './errors.js';

describe('HoldfastError', () => {
  it('has the default message and the default `retry` of its code', () => {
    expect(new HoldfastError('no-capacity')).toMatchObject({
      name: 'HoldfastError',
      code: 'no-capacity',
      retry: true,
      message: errorBody('no-capacity').message,
    });
    expect(new HoldfastError('room-full').retry).toBe(false);
  });

  it('keeps the code that a game has defined', () => {
    expect(new HoldfastError('not-your-turn').toBody()).toEqual({ code: 'not-your-turn', message: 'not-your-turn', retry: false });
    expect(new HoldfastError('constructor').message).toBe('constructor');
  });

  it('is unchanged after serialization and parsing', () => {
    const body = { code: 'busy', message: 'Wait.', retry: true, retryAfterMs: 50 };
    expect(HoldfastError.from(body).toBody()).toEqual(body);
  });

  it('replaces an error of any other class by the code `internal`, and drops the message of that error', () => {
    expect(toErrorBody(new Error('password is x'))).toEqual(errorBody('internal'));
    expect(toErrorBody('thrown text')).toEqual(errorBody('internal'));
  });

  it('has a message for each code', () => {
    for (const code of ERROR_CODES) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(errorBody(code).message).toMatch(/^[A-Z].*\.$/);
    }
  });
});
