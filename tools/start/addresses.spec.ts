import { resolve } from 'node:path';
import { addressesOf } from './addresses.mjs';

describe('the addresses of a fleet', () => {
  const options = { host: '0.0.0.0', port: 7100 };

  it('are local and without TLS by default', () => {
    const { page, tcp, ops, ...rest } = addressesOf(options, {});
    expect(rest).toEqual({ url: 'ws://127.0.0.1:7100/play', opsUrl: 'http://127.0.0.1:7110' });
    expect([page(1), tcp(2), ops(3)]).toEqual(['http://127.0.0.1:1', '127.0.0.1:2', 'http://127.0.0.1:3']);
  });

  it('contain IPv6 addresses in brackets', () => {
    const { page, tcp, ops, ...rest } = addressesOf({ host: '::1', port: 7100 }, { OPS_HOST: '::' });
    expect(rest).toEqual({ url: 'ws://[::1]:7100/play', opsUrl: 'http://[::1]:7110' });
    expect([page(1), tcp(2), ops(3)]).toEqual(['http://[::1]:1', '[::1]:2', 'http://[::1]:3']);
  });

  it('use TLS for players or operators when a certificate for players or operators is set', () => {
    const env = { PUBLIC_TLS_CERT: 'a.crt', OPS_TLS_CERT: '/b.crt', OPS_HOST: '10.0.0.1' };
    const { page, tcp, ops, ...rest } = addressesOf(options, env);
    expect(rest).toEqual({
      url: 'wss://127.0.0.1:7100/play',
      opsUrl: 'https://10.0.0.1:7110',
      certificate: resolve('a.crt'),
      opsCertificate: '/b.crt',
    });
    expect([page(1), tcp(2), ops(3)]).toEqual(['https://127.0.0.1:1', 'tls://127.0.0.1:2', 'https://10.0.0.1:3']);
    expect(addressesOf(options, { OPS_TLS_CERT: '/b.crt' })).toMatchObject({
      url: 'ws://127.0.0.1:7100/play',
      opsUrl: 'https://127.0.0.1:7110',
    });
  });
});
