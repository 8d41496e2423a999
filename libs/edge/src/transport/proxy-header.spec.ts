import { parseProxyHeader } from './proxy-header.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const text = (line: string): Buffer => Buffer.from(line, 'latin1');

describe('parseProxyHeader', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 10.0.0.1 56324 7001\r\n', '192.0.2.1'],
    ['PROXY TCP6 2001:db8::1 2001:db8::2 56324 7001\r\n', '2001:db8::1'],
    ['PROXY UNKNOWN\r\n', null],
    ['PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', null],
  ])('returns the address in a header of version 1: %s', (line, address) => {
    expect(parseProxyHeader(text(`${line}hello`))).toEqual({ address, bytes: line.length });
  });

  it.each([
    ['TCP over IPv4', `${SIGNATURE} 21 11 000c c0000201 0a000001 dc04 1b59`, '192.0.2.1'],
    [
      'TCP over IPv6',
      `${SIGNATURE} 21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 dc04 1b59`,
      '2001:db8:0:0:0:0:0:1',
    ],
    ['an extension after the addresses', `${SIGNATURE} 21 11 0010 c0000201 0a000001 dc04 1b59 04 0001 00`, '192.0.2.1'],
    ['a health check of the proxy', `${SIGNATURE} 20 00 0000`, null],
    ['a UNIX socket', `${SIGNATURE} 21 31 0000`, null],
  ])('returns the address in a header of version 2: %s', (_, hex, address) => {
    const header = bytes(hex);
    expect(parseProxyHeader(Buffer.concat([header, text('hello')]))).toEqual({ address, bytes: header.length });
  });

  it('returns `incomplete` until a header is complete', () => {
    for (const header of [text('PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n'), bytes(`${SIGNATURE} 21 11 000c c0000201 0a000001 dc04 1b59`)])
      for (let length = 0; length < header.length; length++) expect(parseProxyHeader(header.subarray(0, length))).toBe('incomplete');
  });

  it.each([
    ['a TLS handshake', bytes('160301 0200')],
    ['an HTTP request', text('GET / HTTP/1.1\r\n')],
    ['a name instead of an address', text('PROXY TCP4 localhost 10.0.0.1 1 2\r\n')],
    ['an IPv6 address in TCP4', text('PROXY TCP4 ::1 10.0.0.1 1 2\r\n')],
    ['a missing port', text('PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n')],
    ['an unknown protocol', text('PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n')],
    ['a line that is too long', text(`PROXY TCP4 ${'1'.repeat(100)}`)],
    ['another version', bytes(`${SIGNATURE} 31 11 000c c0000201 0a000001 dc04 1b59`)],
    ['an unknown command', bytes(`${SIGNATURE} 22 11 000c c0000201 0a000001 dc04 1b59`)],
    ['addresses that do not fit into its length', bytes(`${SIGNATURE} 21 21 000c c0000201 0a000001 dc04 1b59`)],
    ['more than two kilobytes', bytes(`${SIGNATURE} 21 11 1000`)],
  ])('refuses %s', (_, header) => {
    expect(parseProxyHeader(header)).toBe('invalid');
  });
});
