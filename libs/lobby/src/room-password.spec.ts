import { hashPassword, isPassword } from './room-password.js';

describe('the password of a room', () => {
  it('matches its own hash, but not the hash of another password', async () => {
    const stored = await hashPassword('open sesame');
    expect(await isPassword('open sesame', stored)).toBe(true);
    expect(await isPassword('open sesame ', stored)).toBe(false);
    expect(await isPassword('', stored)).toBe(false);
  });

  it('has a different hash each time it is hashed, and no hash contains the password', async () => {
    const [first, second] = await Promise.all([hashPassword('sesame'), hashPassword('sesame')]);
    expect(first).not.toBe(second);
    expect(first).not.toContain('sesame');
  });

  it('matches its hash even when the password is typed in a different Unicode form', async () => {
    expect(await isPassword('cafe\u0301', await hashPassword('caf\u00e9'))).toBe(true);
  });

  it.each(['', '.', 'no hash', 'c2FsdA.c2hvcnQ'])('does not match the invalid hash %j', async (stored) => {
    expect(await isPassword('x', stored)).toBe(false);
  });
});
