import { readTokens } from './named-tokens.js';

const LONG = 'abcdefghijklmnop';

describe('a list of tokens', () => {
  it('may be one token without a name, even when the token contains blanks', () => {
    expect(readTokens('the admin token of a test', 16)).toEqual([{ name: null, token: 'the admin token of a test' }]);
  });

  it('may contain named tokens, separated by commas or line breaks', () => {
    expect(readTokens(`ada=${LONG}1, bob=${LONG}2\n${LONG}3\r\n`, 16)).toEqual([
      { name: 'ada', token: `${LONG}1` },
      { name: 'bob', token: `${LONG}2` },
      { name: null, token: `${LONG}3` },
    ]);
  });

  it('may contain a Base64 token with padding, but without a name', () => {
    expect(readTokens('c2VjcmV0c2VjcmV0cw==', 16)).toEqual([{ name: null, token: 'c2VjcmV0c2VjcmV0cw==' }]);
  });

  it('may contain a named Base64 token', () => {
    expect(readTokens('ada=c2VjcmV0c2VjcmV0cw==', 16)).toEqual([{ name: 'ada', token: 'c2VjcmV0c2VjcmV0cw==' }]);
  });

  it.each(['', ' , ', `${LONG},short`, 'ada=short'])('is refused when it is %j', (text) => {
    expect(readTokens(text, 16)).toBeNull();
  });
});
