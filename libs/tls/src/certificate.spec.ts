import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { generate } from 'selfsigned';
import { Certificate, type Renewal } from './certificate.js';

const NAMES = { cert: 'PUBLIC_TLS_CERT', key: 'PUBLIC_TLS_KEY', ca: 'PUBLIC_TLS_CA' };
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function written(name: string) {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], { keyType: 'ec', algorithm: 'sha256' });
  const files = { cert: join(home, `${name}.crt`), key: join(home, `${name}.key`) };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

describe('the certificate of a server', () => {
  it('is accepted when its key matches', async () => {
    const certificate = new Certificate(await written('one'), NAMES);
    expect(certificate.isMutual).toBe(false);
    expect(new Date(certificate.validUntil).getTime()).toBeGreaterThan(Date.now());
  });

  it('is refused when a file is wrong, and the error names the setting and the file', async () => {
    const [one, other] = [await written('one'), await written('other')];
    const junk = join(home, 'junk');
    writeFileSync(junk, 'no certificate');
    const refused: [files: { cert: string; key: string; ca?: string }, sentence: RegExp][] = [
      [{ ...one, cert: '/no/such.crt' }, /^PUBLIC_TLS_CERT is "\/no\/such\.crt", which cannot be read: the file does not exist$/],
      [{ ...one, key: home }, /^PUBLIC_TLS_KEY is ".*", which cannot be read: it is a directory$/],
      [{ ...one, cert: junk }, /^PUBLIC_TLS_CERT is ".*junk", which contains no certificate/],
      [{ ...one, key: junk }, /^PUBLIC_TLS_KEY is ".*junk", which contains no private key/],
      [{ ...one, ca: junk }, /^PUBLIC_TLS_CA is ".*junk", which contains no certificate/],
      [{ ...one, key: other.key }, /^PUBLIC_TLS_KEY is ".*other\.key", which is not the key of the certificate in PUBLIC_TLS_CERT/],
    ];
    if (process.getuid?.() !== 0) {
      chmodSync(other.key, 0o000);
      refused.push([{ ...one, key: other.key }, /this process has no permission to read it$/]);
    }
    for (const [files, sentence] of refused) expect(() => new Certificate(files, NAMES)).toThrow(sentence);
  });

  it('is replaced for new connections as soon as all its files are renewed', async () => {
    const files = await written('one');
    const certificate = new Certificate(files, NAMES);
    const renewals: Renewal[] = [];
    certificate.onRenewal((renewal) => renewals.push(renewal));
    const server = createServer(certificate.options).listen(0, '127.0.0.1');
    await once(server, 'listening');
    certificate.keepFresh(server);
    const shown = async (): Promise<string> => {
      const socket = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return String(CN);
    };
    try {
      expect(await shown()).toBe('one');
      const next = await generate([{ name: 'commonName', value: 'two' }], { keyType: 'ec', algorithm: 'sha256' });
      writeFileSync(files.cert, `${next.cert}\n`);
      certificate.reload();
      certificate.reload();
      expect(renewals).toEqual([
        expect.objectContaining({ error: expect.objectContaining({ message: expect.stringContaining('not the key') }) }),
      ]);
      expect(await shown()).toBe('one');
      writeFileSync(files.key, `${next.private}\n`);
      certificate.reload();
      expect(renewals).toHaveLength(2);
      expect(await shown()).toBe('two');
    } finally {
      server.close();
    }
  });
});
