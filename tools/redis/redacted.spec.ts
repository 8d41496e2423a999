import fc from 'fast-check';
import { redacted as redactedByServers } from '#libs/redis-url';
import { redacted } from './redacted.mjs';

describe('the address of Redis that npm start prints', () => {
  it.each([
    ['redis://u:w@a:1,redis://u:w@b:2', 'redis://***@a:1,redis://***@b:2'],
    ['sentinel://:a@b/c@a:1,b:2/main', 'sentinel://***@a:1,b:2/main'],
  ])('contains neither the user nor the password of %s', (url, shown) => {
    expect(redacted(url)).toBe(shown);
  });

  it('is the same text as in the messages of servers', () => {
    const piece = fc.constantFrom('redis://', 'sentinel://', '//', '@', '/', ',', ', ', ':', ' ', '\n', 'word');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(redacted(pieces.join(''))).toBe(redactedByServers(pieces.join('')));
      }),
    );
  });
});
