import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { ClientTls } from './client-tls.js';

const NAMES = { ca: 'REDIS_TLS_CA', cert: 'REDIS_TLS_CERT', key: 'REDIS_TLS_KEY' };
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const pair = (name: string) => generate([{ name: 'commonName', value: name }], { keyType: 'ec', algorithm: 'sha256' });

describe('the TLS options of a client', () => {
  it('are empty when no file is given', () => {
    expect(new ClientTls({}, NAMES).options).toEqual({});
    expect(() => new ClientTls({ ca: '/no/such.crt' }, NAMES)).toThrow(/^REDIS_TLS_CA is "\/no\/such\.crt", which cannot be read/);
    const junk = join(home, 'junk');
    writeFileSync(junk, 'no certificate');
    expect(() => new ClientTls({ ca: junk }, NAMES)).toThrow(/^REDIS_TLS_CA is ".*junk", which contains no certificate/);
    expect(() => new ClientTls({ cert: junk, key: junk }, NAMES)).toThrow(/^REDIS_TLS_CERT is ".*junk", which contains no certificate/);
  });

  it('come from the renewed files as soon as the certificate and the key match', async () => {
    const [one, two] = await Promise.all(['one', 'two'].map(pair));
    const [cert, key, ca] = ['cert', 'key', 'ca'].map((name) => join(home, name));
    writeFileSync(ca, one.cert);
    writeFileSync(cert, one.cert);
    writeFileSync(key, one.private);
    const client = new ClientTls({ ca, cert, key }, NAMES);
    const shown = (): string[] => [client.options.ca, client.options.cert, client.options.key].map(String);
    expect(shown()).toEqual([one.cert, one.cert, one.private]);
    writeFileSync(cert, `${two.cert}\n`);
    expect(shown()).toEqual([one.cert, one.cert, one.private]);
    writeFileSync(key, `${two.private}\n`);
    expect(shown()).toEqual([one.cert, `${two.cert}\n`, `${two.private}\n`]);
    rmSync(ca);
    expect(shown()[0]).toBe(one.cert);
  });
});
