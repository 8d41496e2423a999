import type { IncomingMessage } from 'node:http';
import { TrustedProxies } from './trusted-proxies.js';

const trustedProxies = ['loopback', '10.0.0.0/8', '2001:db8::/32'];
const proxies = new TrustedProxies({ trustedProxies, forwardedHeaders: 'x-forwarded' });
const standard = new TrustedProxies({ trustedProxies, forwardedHeaders: 'forwarded' });

function request(remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headers: { host: 'gateway:7000', ...headers } } as unknown as IncomingMessage;
}

describe('the host of a request', () => {
  it.each(['127.0.0.1', '::1', '10.1.2.3', '::ffff:10.1.2.3', '2001:db8::7'])(
    'comes from the header X-Forwarded-Host of a trusted proxy at %s',
    (address) => {
      expect(proxies.hostOf(request(address, { 'x-forwarded-host': 'play.example.org' }))).toBe('play.example.org');
    },
  );

  it('is the host that the client sent to the first of several proxies', () => {
    expect(proxies.hostOf(request('10.0.0.1', { 'x-forwarded-host': 'play.example.org, inner.example' }))).toBe('play.example.org');
  });

  it('comes from the header Host when no trusted proxy sends X-Forwarded-Host', () => {
    expect(proxies.hostOf(request('10.0.0.1'))).toBe('gateway:7000');
    expect(proxies.hostOf(request('192.0.2.1', { 'x-forwarded-host': 'evil.example' }))).toBe('gateway:7000');
  });
});

describe('the address of a client', () => {
  it('is the last forwarded address that is not a trusted proxy', () => {
    const address = proxies.addressOf(request('10.0.0.1', { 'x-forwarded-for': '198.51.100.9, 192.0.2.1, 10.0.0.2' }));
    expect(address).toBe('192.0.2.1');
  });

  it('is the address of the socket when the socket is not a trusted proxy', () => {
    expect(proxies.addressOf(request('192.0.2.1', { 'x-forwarded-for': '198.51.100.9' }))).toBe('192.0.2.1');
  });

  it('is the address of the proxy when the header contains no address', () => {
    expect(proxies.addressOf(request('10.0.0.1'))).toBe('10.0.0.1');
    expect(proxies.addressOf(request('10.0.0.1', { 'x-forwarded-for': 'unknown' }))).toBe('10.0.0.1');
  });

  it('is the address of the socket when no proxy is trusted', () => {
    const none = new TrustedProxies({ trustedProxies: [], forwardedHeaders: 'x-forwarded' });
    expect(none.addressOf(request('127.0.0.1', { 'x-forwarded-for': '198.51.100.9' }))).toBe('127.0.0.1');
  });
});

describe('the header Forwarded', () => {
  const forwarded = (text: string, others: Record<string, string> = {}) => request('10.0.0.1', { forwarded: text, ...others });

  it.each([
    ['for=192.0.2.1', '192.0.2.1'],
    ['for=198.51.100.9, for=192.0.2.1;proto=https, for=10.0.0.2', '192.0.2.1'],
    ['for="[2001:db9::1]:4711"', '2001:db9::1'],
    ['for="192.0.2.1:4711"', '192.0.2.1'],
  ])('contains the address of the client: %s', (header, client) => {
    expect(standard.addressOf(forwarded(header))).toBe(client);
  });

  it.each(['for=unknown', 'for=_hidden', 'for="', 'nonsense', ''])(
    'contains no address of a client when the value of the header is: %s',
    (header) => {
      expect(standard.addressOf(forwarded(header))).toBe('10.0.0.1');
    },
  );

  it('contains the host that the browser requested', () => {
    expect(standard.hostOf(forwarded('for=192.0.2.1;host="play.example.org:8443", for=10.0.0.2;host=inner'))).toBe('play.example.org:8443');
  });

  it('is ignored when the sender is not a trusted proxy', () => {
    expect(standard.addressOf(request('192.0.2.1', { forwarded: 'for=198.51.100.9' }))).toBe('192.0.2.1');
  });

  it('is ignored when the proxies write X-Forwarded-For, because a client can forge the header Forwarded', () => {
    const both = forwarded('for=198.51.100.9;host=evil.example', { 'x-forwarded-for': '192.0.2.1' });
    expect(proxies.addressOf(both)).toBe('192.0.2.1');
    expect(proxies.hostOf(both)).toBe('gateway:7000');
    expect(standard.addressOf(forwarded('for=192.0.2.1', { 'x-forwarded-for': '198.51.100.9' }))).toBe('192.0.2.1');
  });
});
