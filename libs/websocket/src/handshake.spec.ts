import { answerUpgrade } from './handshake.js';

const SUBPROTOCOLS = ['app.binary', 'app.json'] as const;

const headers = {
  upgrade: 'WebSocket',
  'sec-websocket-version': '13',
  // The example of RFC 6455, section 1.3.
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'chat, app.json',
};

describe('answerUpgrade', () => {
  it('accepts a known subprotocol that the client offers', () => {
    expect(answerUpgrade('GET', headers, SUBPROTOCOLS)).toEqual({ subprotocol: 'app.json', accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' });
  });

  it('selects the subprotocol that the server prefers when the client offers two', () => {
    const both = { ...headers, 'sec-websocket-protocol': 'app.json,app.binary' };
    expect(answerUpgrade('GET', both, SUBPROTOCOLS)).toMatchObject({ subprotocol: 'app.binary' });
  });

  it.each([
    ['another method', 'POST', {}, 405],
    ['an upgrade to another protocol', 'GET', { upgrade: 'h2c' }, 400],
    ['another version', 'GET', { 'sec-websocket-version': '8' }, 426],
    ['no key', 'GET', { 'sec-websocket-key': undefined }, 400],
    ['a key that is not 16 bytes', 'GET', { 'sec-websocket-key': 'short' }, 400],
    ['no subprotocol', 'GET', { 'sec-websocket-protocol': undefined }, 400],
    ['a subprotocol that only begins like a known one', 'GET', { 'sec-websocket-protocol': 'app.binary.old' }, 400],
  ])('refuses a request with %s', (_, method, other, status) => {
    expect(answerUpgrade(method, { ...headers, ...other }, SUBPROTOCOLS)).toMatchObject({ status });
  });
});
