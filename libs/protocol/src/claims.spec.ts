import { CLAIMS_BYTES_MAX, checkClaims } from './claims.js';

describe('checkClaims', () => {
  it('returns plain claims unchanged, and returns undefined for no claims', () => {
    expect(checkClaims({ rank: 3, clubs: ['a'], vip: true })).toEqual({ claims: { rank: 3, clubs: ['a'], vip: true } });
    expect(checkClaims(undefined)).toEqual({ claims: undefined });
    expect(checkClaims({})).toEqual({ claims: undefined });
  });

  it('drops fields that JSON cannot express', () => {
    expect(checkClaims({ rank: undefined, level: 2 })).toEqual({ claims: { level: 2 } });
  });

  it('refuses claims that are too large, not storable or not an object', () => {
    expect(checkClaims('vip')).toEqual({ flaw: 'are not an object of names and values' });
    expect(checkClaims([1])).toEqual({ flaw: 'are not an object of names and values' });
    const bytes = JSON.stringify({ a: 'x'.repeat(CLAIMS_BYTES_MAX) }).length;
    expect(checkClaims({ a: 'x'.repeat(CLAIMS_BYTES_MAX) })).toEqual({ flaw: `have ${bytes} bytes as JSON: at most 1024 are allowed` });
    expect(checkClaims({ a: 1n })).toEqual({ flaw: 'cannot be written as JSON' });
    expect(checkClaims({ a: '\ud800' })).toEqual({ flaw: 'contain text with half of a surrogate pair' });
    expect(checkClaims(JSON.parse('{"__proto__": 1}'))).toEqual({ flaw: 'contain a key __proto__' });
  });
});
