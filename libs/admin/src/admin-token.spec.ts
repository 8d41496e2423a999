import { bearerOf, passwordOf, refusalOf, TokenCheck } from './admin-token.js';

const check = new TokenCheck('the right token of a test');

describe('the check of the admin token', () => {
  it('accepts the right token', () => {
    expect(refusalOf(bearerOf('Bearer the right token of a test'), check)).toBeNull();
  });

  it('accepts the scheme `Bearer` in lower case too', () => {
    expect(bearerOf('bearer abc')).toBe('abc');
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic eDp5', 'abc'])(
    'requires the scheme `Bearer`, and names the scheme in the refusal of %p',
    (header) => {
      expect(refusalOf(bearerOf(header), check)).toContain('Authorization: Bearer');
    },
  );

  it.each(['wrong', 'the right token of a tes', 'the right token of a test!', 'THE RIGHT TOKEN OF A TEST'])(
    'refuses the wrong token %p',
    (token) => {
      expect(refusalOf(bearerOf(`Bearer ${token}`), check)).toContain('not the ADMIN_TOKEN');
    },
  );

  it('accepts a token with colons as the password of Basic authentication', () => {
    expect(passwordOf(`Basic ${Buffer.from('me:a:b').toString('base64')}`)).toBe('a:b');
    expect(passwordOf(`Basic ${Buffer.from('nothing').toString('base64')}`)).toBeNull();
    expect(passwordOf('Bearer me:a')).toBeNull();
  });
});
