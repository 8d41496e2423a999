import { tokenIn } from './token.js';

describe('tokenIn', () => {
  it.each([
    ['', '#token=a.b.c', 'a.b.c', ''],
    ['?token=a.b.c', '#/room/r-1', 'a.b.c', '#/room/r-1'],
    ['?x=1&token=a.b.c', '', 'a.b.c', '?x=1'],
    ['', '#token=a%2Bb', 'a+b', ''],
    ['', '#token=%', '%', ''],
    ['?x=1', '#token=a%zzb', 'a%zzb', '?x=1'],
    ['', '#/room/r-1', null, '#/room/r-1'],
    ['?x=1', '#token=', null, '?x=1#token='],
  ])('separates the query %j and the fragment %j into the token %j and the remaining address %j', (search, hash, token, rest) => {
    expect(tokenIn({ search, hash })).toEqual({ token, rest });
  });
});
