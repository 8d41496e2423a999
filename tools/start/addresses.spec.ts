import { resolve } from 'node:path';
import { addressesOf } from './addresses.mjs';

describe('where a fleet is reached', () => {
  const options = { host: '0.0.0.0', port: 7100 };

  it('is on this machine, in the clear', () => {
    const { page, tcp, ops, ...rest } = addressesOf(options, {});
    expect(rest).toEqual({ url: 'ws://127.0.0.1:7100/play', opsUrl: 'http://127.0.0.1:7110' });
    expect([page(1), tcp(2), ops(3)]).toEqual(['http://127.0.0.1:1', '127.0.0.1:2', 'http://127.0.0.1:3']);
  });

  it('is over TLS where there is a certificate, which is named: to players and to operators each by itself', () => {
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
