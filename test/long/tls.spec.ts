import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { generate } from 'selfsigned';
import { WebSocket } from 'ws';
import { connect } from '#libs/client/node';
import { type Fleet, startFleet, until } from '../harness/index.js';
import { startOnce } from '../harness/start-once.js';

describe('a fleet with certificates', () => {
  let fleet: Fleet;
  let home: string;
  let trusted: string;
  const path = (name: string) => join(home, name);

  async function write(name: string, ca?: { cert: string; private: string }) {
    const pair = await generate([{ name: 'commonName', value: name.endsWith('ca') ? name : 'localhost' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ...(ca && { ca: { cert: ca.cert, key: ca.private } }),
      ...(name.endsWith('ca') && { extensions: [{ name: 'basicConstraints', cA: true, critical: true }] }),
    });
    writeFileSync(path(`${name}.crt`), pair.cert);
    writeFileSync(path(`${name}.key`), pair.private);
    return pair;
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
    const ca = await write('ca');
    trusted = (await write('public')).cert;
    await write('link', ca);
    await write('foreign', await write('other-ca'));
    fleet = await startFleet({
      env: {
        PUBLIC_TLS_CERT: path('public.crt'),
        PUBLIC_TLS_KEY: path('public.key'),
        LINK_TLS_CERT: path('link.crt'),
        LINK_TLS_KEY: path('link.key'),
        LINK_TLS_CA: path('ca.crt'),
      },
    });
  }, 60_000);
  afterAll(async () => {
    await fleet.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** Returns options that trust only the fleet's self-signed certificate. */
  const trusting = () => {
    const ca = trusted;
    const Trusting = class extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { ca });
      }
    };
    return { ca, WebSocket: Trusting as never };
  };
  const urls = () => ({
    wss: fleet.gateways[0].publicUrl.replace('ws:', 'wss:'),
    tls: fleet.gateways[0].tcpUrl.replace('tcp:', 'tls:'),
  });

  it('runs games over wss:// and tls://, with certificates on all links', async () => {
    const { wss, tls } = urls();
    const [ada, bob] = await Promise.all([connect(wss, { name: 'Ada', ...trusting() }), connect(tls, { name: 'Bob', ...trusting() })]);
    const made = await ada.createRoom({ game: 'tic-tac-toe', private: true });
    const joined = await bob.joinRoom(made.id);
    await joined.ready();
    await made.start();
    for (const room of [made, joined]) await room.waitFor(({ state }) => state !== undefined, { timeoutMs: 5_000 });
    await made.send('place', { cell: 4 });
    await joined.send('place', { cell: 0 });
    for (const player of [ada, bob]) player.close();
  });

  it('refuses clients without TLS, and clients refuse an unknown certificate', async () => {
    const { wss, tls } = urls();
    for (const url of [wss, tls, fleet.gateways[0].publicUrl, fleet.gateways[0].tcpUrl]) {
      await expect(connect(url, { name: 'Ada', WebSocket: WebSocket as never, welcomeMs: 2_000 })).rejects.toMatchObject({
        code: 'unavailable',
      });
    }
  });

  it('serves the page over https, even after the certificate is renewed', async () => {
    const { port } = new URL(fleet.gateways[0].pageUrl);
    const status = await new Promise((resolve, reject) =>
      https.get({ port, path: '/', rejectUnauthorized: false, agent: false }, ({ statusCode }) => resolve(statusCode)).on('error', reject),
    );
    expect(status).toBe(200);
    const shown = (at: number): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ port: at, rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const ports = [Number(port), fleet.gateways[0].ports.tcpPort as number];
    const before = await shown(ports[0]);
    expect(await shown(ports[1])).toBe(before);
    trusted = (await write('public')).cert;
    await until(async () => (await Promise.all(ports.map(shown))).every((now) => now !== before), 15_000);
    expect(fleet.gateways[0].logged('certificate.renewed')).not.toEqual([]);
  });

  it('opens no link to a server whose certificate comes from a different CA', async () => {
    const stranger = await fleet.start('lobby', 'stranger', {
      LINK_TLS_CERT: path('foreign.crt'),
      LINK_TLS_KEY: path('foreign.key'),
      LINK_TLS_CA: path('other-ca.crt'),
    });
    for (let asked = 0; asked < 5; asked++) {
      const player = await connect(urls().wss, { name: `P${asked}`, ...trusting() });
      await player.createRoom({ game: 'chess' });
      player.close();
    }
    stranger.kill();
    await stranger.exited;
  });

  it.each([
    ['PUBLIC_TLS_CERT', '/no/such/file.crt', /PUBLIC_TLS_CERT is "\/no\/such\/file\.crt", which cannot be read: the file does not exist/],
    ['PUBLIC_TLS_KEY', 'link.key', /PUBLIC_TLS_KEY is ".*link\.key", which is not the key of the certificate in PUBLIC_TLS_CERT/],
    ['LINK_TLS_CA', 'link.key', /LINK_TLS_CA is ".*link\.key", which contains no certificate/],
    ['OPS_TLS_CERT', 'public.crt', /OPS_TLS_KEY is not set/],
  ])('starts no server with a wrong %s, and names the problem in one sentence', async (name, file, sentence) => {
    const value = file.startsWith('/') ? file : path(file);
    const { code, said } = await startOnce('gateway', {
      ...fleet.settings(),
      PUBLIC_PORT: '0',
      TCP_PORT: '0',
      OPS_PORT: '0',
      SERVER_NAME: 'wrong',
      [name]: value,
    });
    expect(code).toBe(1);
    expect(said).toMatch(sentence);
    expect(said).not.toMatch(/\n\s+at /);
  });

  it('serves the ops port over https when OPS_TLS_CERT is set', async () => {
    const server = await fleet.start('lobby', 'ops', { OPS_TLS_CERT: path('link.crt'), OPS_TLS_KEY: path('link.key') });
    const status = await new Promise((resolve, reject) =>
      https
        .get({ port: server.ports.opsPort, path: '/livez', rejectUnauthorized: false, agent: false }, ({ statusCode }) =>
          resolve(statusCode),
        )
        .on('error', reject),
    );
    expect(status).toBe(200);
    server.kill();
    await server.exited;
  });
});
