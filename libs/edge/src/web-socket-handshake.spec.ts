import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '#libs/protocol';
import { answerUpgrade } from './web-socket-handshake.js';

const headers = {
  upgrade: 'WebSocket',
  'sec-websocket-version': '13',
  // The example of RFC 6455, section 1.3.
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': `chat, ${SUBPROTOCOL_JSON}`,
};

describe('a request for a WebSocket', () => {
  it('is answered with the proof that it was read, and a subprotocol it offered', () => {
    expect(answerUpgrade('GET', headers)).toEqual({ subprotocol: SUBPROTOCOL_JSON, accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' });
    const both = { ...headers, 'sec-websocket-protocol': `${SUBPROTOCOL_JSON},${SUBPROTOCOL_BINARY}` };
    expect(answerUpgrade('GET', both)).toMatchObject({ subprotocol: SUBPROTOCOL_BINARY });
  });

  it.each([
    ['another method', 'POST', {}, 405],
    ['an upgrade to something else', 'GET', { upgrade: 'h2c' }, 400],
    ['another version', 'GET', { 'sec-websocket-version': '8' }, 426],
    ['no key', 'GET', { 'sec-websocket-key': undefined }, 400],
    ['a key that is none', 'GET', { 'sec-websocket-key': 'short' }, 400],
    ['no subprotocol', 'GET', { 'sec-websocket-protocol': undefined }, 400],
    ['a name that only begins like ours', 'GET', { 'sec-websocket-protocol': `${SUBPROTOCOL_BINARY}.old` }, 400],
  ])('with %s is refused', (_, method, other, status) => {
    expect(answerUpgrade(method, { ...headers, ...other })).toMatchObject({ status });
  });
});
