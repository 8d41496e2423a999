import type { IncomingMessage } from 'node:http';
import { TrustedProxies } from './trusted-proxies.js';

const proxies = new TrustedProxies({ trustedProxies: ['loopback', '10.0.0.0/8', '2001:db8::/32'] });

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
    const none = new TrustedProxies({ trustedProxies: [] });
    expect(none.addressOf(request('127.0.0.1', { 'x-forwarded-for': '198.51.100.9' }))).toBe('127.0.0.1');
  });
});
