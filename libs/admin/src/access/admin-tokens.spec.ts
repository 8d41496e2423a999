import { AdminTokens } from './admin-tokens.js';

const tokens = new AdminTokens([
  { name: 'ada', role: 'operator', token: 'the new token of ada' },
  { name: 'ada', role: 'operator', token: 'the old token of ada' },
  { name: 'wall', role: 'viewer', token: 'the token of a screen' },
]);

describe('AdminTokens', () => {
  it('accepts the new and the old token of an operator during a rotation', () => {
    expect(tokens.ownerOf('the new token of ada')).toEqual({ name: 'ada', role: 'operator' });
    expect(tokens.ownerOf('the old token of ada')).toEqual({ name: 'ada', role: 'operator' });
  });

  it('distinguishes a viewer from an operator', () => {
    expect(tokens.ownerOf('the token of a screen')).toEqual({ name: 'wall', role: 'viewer' });
  });

  it.each(['', 'the new token of ad', 'THE NEW TOKEN OF ADA', 'ada'])('refuses the token %j', (given) => {
    expect(tokens.ownerOf(given)).toBeNull();
    expect(tokens.accepts(given)).toBe(false);
  });
});
