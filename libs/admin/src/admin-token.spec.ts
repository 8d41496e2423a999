import { bearerOf, passwordOf, refusalOf, TokenCheck } from './admin-token.js';

const check = new TokenCheck('the right token of a test');

describe('the check of a token', () => {
  it('accepts the right token', () => {
    expect(check.accepts(bearerOf('Bearer the right token of a test'))).toBe(true);
  });

  it('accepts the scheme `Bearer` in lower case too', () => {
    expect(bearerOf('bearer abc')).toBe('abc');
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic eDp5', 'abc'])(
    'requires the scheme `Bearer`, and names the scheme in the refusal of %p',
    (header) => {
      const given = bearerOf(header);
      expect(check.accepts(given)).toBe(false);
      expect(refusalOf(given, 'the SERVICE_TOKEN')).toContain('Authorization: Bearer');
    },
  );

  it.each(['wrong', 'the right token of a tes', 'the right token of a test!', 'THE RIGHT TOKEN OF A TEST'])(
    'refuses the wrong token %p',
    (token) => {
      const given = bearerOf(`Bearer ${token}`);
      expect(check.accepts(given)).toBe(false);
      expect(refusalOf(given, 'the SERVICE_TOKEN')).toContain('not the SERVICE_TOKEN');
    },
  );

  it('accepts a token with colons as the password of Basic authentication', () => {
    expect(passwordOf(`Basic ${Buffer.from('me:a:b').toString('base64')}`)).toBe('a:b');
    expect(passwordOf(`Basic ${Buffer.from('nothing').toString('base64')}`)).toBeNull();
    expect(passwordOf('Bearer me:a')).toBeNull();
  });
});
