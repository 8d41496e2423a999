import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { generate } from 'selfsigned';
import { WebSocket } from 'ws';
import { connect, type Room, type Session } from '#libs/client/node';
import { encodePlayerMessage } from '#libs/protocol';
import { freePort } from '../tools/process/free-port.mjs';
import { ended, spawnLeashed } from '../tools/process/leashed.mjs';
import { ROOT } from '../tools/process/paths.mjs';
import { findProxy } from '../tools/proxies/find-proxy.mjs';
import { type Fleet, type FleetServer, startFleet, until } from './harness/index.js';

const run = promisify(execFile);
/**
 * Time after SIGTERM in which a gateway is not ready but still accepts players, in ms. It is longer than the 2 s that HAProxy, with
 * `haproxy.cfg`, needs to notice that a gateway is not ready.
 */
const DRAIN_DELAY_MS = 4_000;
const PER_ADDRESS = 3;
const COME_BACK = { firstMs: 50, maxMs: 300, giveUpMs: 30_000 };

describe('two gateways behind proxies that end TLS', () => {
  let home: string;
  let fleet: Fleet;
  let ca: string;
  const ports = { haproxyWeb: 0, haproxyTcp: 0, nginxWeb: 0 };
  const proxies: ChildProcess[] = [];
  const sessions: Session[] = [];
  const sockets: { close(): void }[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-proxies-'));
    const pair = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' });
    ca = pair.cert;
    await writeFile(join(home, 'holdfast.crt'), pair.cert);
    await writeFile(join(home, 'holdfast.key'), pair.private);
    await writeFile(join(home, 'holdfast.pem'), `${pair.private}\n${pair.cert}`);
    fleet = await startFleet({
      gateways: 0,
      lobbies: 1,
      games: 1,
      testGames: { turnMs: 60_000 },
      env: {
        TRUSTED_PROXIES: '127.0.0.1',
        PROXY_PROTOCOL: 'tcp',
        DRAIN_DELAY_MS: String(DRAIN_DELAY_MS),
        CONNECTIONS_PER_ADDRESS: String(PER_ADDRESS),
        HEALTH_INTERVAL_MS: '500',
      },
    });
    // The proxies check the health of gateways at their ops ports. So these ports are fixed, and do not change when a gateway restarts.
    for (const name of ['1', '2']) await fleet.start('gateway', name, { OPS_PORT: String(await freePort()) });
    await fleet.whole();
    for (const key of Object.keys(ports) as (keyof typeof ports)[]) ports[key] = await freePort();
    await startProxies();
  }, 120_000);

  afterEach(() => {
    for (const session of sessions.splice(0)) session.close();
    for (const socket of sockets.splice(0)) socket.close();
  });

  afterAll(async () => {
    for (const proxy of proxies) {
      proxy.kill('SIGKILL');
      await ended(proxy, 5_000);
    }
    await fleet?.stop();
    await rm(home, { recursive: true, force: true });
  });

  /** Writes the configurations of `deploy/` with the addresses of this fleet, lets the proxies check them, and starts the proxies. */
  async function startProxies(): Promise<void> {
    const [haproxy, nginx] = await Promise.all([findProxy('haproxy'), findProxy('nginx')]);
    if ('missing' in haproxy) throw new Error(haproxy.missing);
    if ('missing' in nginx) throw new Error(nginx.missing);

    const config = join(home, 'haproxy.cfg');
    const text = (await readFile(join(ROOT, 'deploy/haproxy/haproxy.cfg'), 'utf8'))
      .replace('maxconn 20000', 'maxconn 200\n  nbthread 1')
      .replace('bind :443', `bind 127.0.0.1:${ports.haproxyWeb}`)
      .replace('bind :7001', `bind 127.0.0.1:${ports.haproxyTcp}`)
      .replaceAll('/etc/haproxy/holdfast.pem', join(home, 'holdfast.pem'))
      .replace(/10\.0\.0\.1(\d):(\d+) check port 7010/g, (_, gateway, port) => {
        const server = fleet.gateways[Number(gateway) - 1]!;
        return `${upstream(server, port)} check port ${server.ports.opsPort}`;
      });
    await writeFile(config, text);
    await run(haproxy.command, ['-c', '-f', config], { env: haproxy.env });
    proxies.push(spawnLeashed(haproxy.command, ['-db', '-f', config], { env: haproxy.env }));

    const nginxConfig = join(home, 'nginx.conf');
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${home}/${kind};\n`).join('');
    const nginxText = (await readFile(join(ROOT, 'deploy/nginx/nginx.conf'), 'utf8'))
      .replace('http {', `http {\n  access_log off;\n${folders}`)
      .replace('listen 443', `listen 127.0.0.1:${ports.nginxWeb}`)
      .replaceAll('/etc/nginx/', `${home}/`)
      .replace(/10\.0\.0\.1(\d):(\d+)/g, (_, gateway, port) => upstream(fleet.gateways[Number(gateway) - 1]!, port));
    await writeFile(nginxConfig, `daemon off;\nmaster_process off;\npid ${home}/nginx.pid;\nerror_log stderr;\n${nginxText}`);
    await run(nginx.command, ['-t', '-p', home, '-c', nginxConfig, '-e', 'stderr'], { env: nginx.env });
    proxies.push(spawnLeashed(nginx.command, ['-p', home, '-c', nginxConfig, '-e', 'stderr'], { env: nginx.env }));

    for (const url of urls()) await until(async () => (await player('Probe', url)).close() === undefined, 20_000);
  }

  const upstream = ({ ports: own }: FleetServer, port: string): string => `127.0.0.1:${port === '7000' ? own.publicPort : own.tcpPort}`;
  const urls = (): string[] => [
    `wss://localhost:${ports.haproxyWeb}/play`,
    `tls://localhost:${ports.haproxyTcp}`,
    `wss://localhost:${ports.nginxWeb}/play`,
  ];

  /** Connects a player from an address that the other players do not use. */
  let addresses = 0;
  async function player(name: string, url: string, from = `127.0.6.${(addresses++ % 200) + 2}`): Promise<Session> {
    const authority = ca;
    const Trusting = class extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { ca: authority, localAddress: from, family: 4 });
      }
    };
    const session = await connect(url, { name, ca, WebSocket: Trusting as never, reconnect: COME_BACK });
    sessions.push(session);
    return session;
  }

  it.each([
    ['WebSocket through HAProxy', () => `wss://localhost:${ports.haproxyWeb}/play`],
    ['WebSocket through nginx', () => `wss://localhost:${ports.nginxWeb}/play`],
  ])(
    'limit the connections of each address: %s',
    async (_, url) => {
      const from = `127.0.7.${(addresses++ % 200) + 2}`;
      const outcomes: string[] = [];
      for (let count = 0; count < 2 * PER_ADDRESS + 2; count++) outcomes.push(await firstMessage(url(), from));
      // Each of the two gateways accepts as many connections of the address as its limit allows, so together they accept twice as many.
      expect(outcomes.filter((kind) => kind === 'welcome')).toHaveLength(2 * PER_ADDRESS);
      expect(outcomes.filter((kind) => kind === 'too-many-connections')).toHaveLength(2);
      expect(await firstMessage(url(), '127.0.7.250')).toBe('welcome');
    },
    30_000,
  );

  it('limit the TCP connections of each address by the PROXY header of HAProxy', async () => {
    const outcomes: string[] = [];
    for (let count = 0; count < 2 * PER_ADDRESS + 2; count++) outcomes.push(await firstTcpMessage('127.0.8.2'));
    expect(outcomes.filter((kind) => kind === 'welcome')).toHaveLength(2 * PER_ADDRESS);
    expect(await firstTcpMessage('127.0.8.3')).toBe('welcome');
  }, 30_000);

  it('lose no game and accept all new players while one gateway stops', async () => {
    const rooms = await games();
    const stopping = fleet.gateways[0]!;
    const visitors = visitUntilOver();
    const notes = noteUntilOver(rooms);
    const stopped = fleet.terminate(stopping);
    await until(async () => (await stopping.ops('/readyz')).status === 503, DRAIN_DELAY_MS / 2);
    expect(await firstMessage(stopping.publicUrl, '127.0.9.1')).toBe('welcome');
    await stopped;
    await until(() => visitors.count() > 20, 30_000);
    expect(await visitors.end()).toEqual([]);
    await notes.end();
    await fleet.restart(stopping);
    await fleet.whole();
  }, 120_000);

  it('lose no game when one gateway is killed', async () => {
    const rooms = await games();
    const notes = noteUntilOver(rooms);
    await fleet.kill(fleet.gateways[1]!);
    await until(() => notes.count() > 100, 30_000);
    await notes.end();
    await fleet.restart(fleet.gateways[1]!);
    await fleet.whole();
  }, 120_000);

  /** Logs in over JSON. Returns `welcome`, or the code of the refusal. */
  async function firstMessage(url: string, localAddress: string, opened = sockets): Promise<string> {
    const socket = new WebSocket(url, 'holdfast.v1.json', { ca, localAddress, family: 4 });
    opened.push(socket);
    socket.on('open', () => socket.send(JSON.stringify({ kind: 'hello', protocol: 1, name: 'Ada' })));
    const closed = once(socket, 'close').then(([code]) => `closed with ${code}`);
    const heard = once(socket, 'message').then(([message]) => {
      const { kind, code } = JSON.parse(String(message)) as { kind: string; code?: string };
      return code ?? kind;
    });
    return Promise.race([heard, closed]);
  }

  async function firstTcpMessage(localAddress: string): Promise<string> {
    const socket = connectTls({ host: 'localhost', port: ports.haproxyTcp, ca, localAddress, family: 4 } as never);
    sockets.push({ close: () => socket.destroy() });
    await once(socket, 'secureConnect');
    const hello = encodePlayerMessage({ kind: 'hello', protocol: 1, name: 'Ada' });
    const frame = Buffer.alloc(4 + hello.length);
    frame.writeUInt32BE(hello.length);
    frame.set(hello, 4);
    socket.write(frame);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.includes('too-many-connections') ? 'too-many-connections' : 'welcome';
  }

  /** Starts one game through each proxy. */
  async function games(): Promise<Room[]> {
    const rooms: Room[] = [];
    for (const url of urls()) {
      const [ada, bob] = await Promise.all([player('Ada', url), player('Bob', url)]);
      const made = await ada.createRoom({ game: 'ledger', private: true });
      const joined = await bob.joinRoom(made.id);
      await joined.ready();
      await made.start();
      for (const room of [made, joined]) rooms.push(await room.waitFor(({ state }) => state !== undefined, { timeoutMs: 10_000 }));
    }
    return rooms;
  }

  /** Logs in new players through both proxies, each with one attempt. `end` returns the failed logins. */
  function visitUntilOver() {
    const failures: string[] = [];
    const own: typeof sockets = [];
    let count = 0;
    let isOver = false;
    const running = (async () => {
      for (; !isOver; count++) {
        const url = urls()[count % 2 === 0 ? 0 : 2]!;
        const outcome = await firstMessage(url, `127.0.9.${(count % 250) + 2}`, own).catch((error: Error) => error.message);
        // nginx has no health checks, so it can choose a gateway that closes its port immediately afterwards. This is no failure, because
        // clients try again after the code `shutting-down`.
        const isRetried = outcome === 'shutting-down' && url === urls()[2];
        if (outcome !== 'welcome' && !isRetried) failures.push(`${url}: ${outcome}`);
        for (const socket of own.splice(0)) socket.close();
      }
    })();
    return {
      count: () => count,
      end: async () => {
        isOver = true;
        await running;
        return failures;
      },
    };
  }

  /** Sends commands in all rooms until `end` is called. `end` checks that each acknowledged command was applied once. */
  function noteUntilOver(rooms: readonly Room[]) {
    const acknowledged = rooms.map((): string[] => []);
    let isOver = false;
    const running = rooms.map(async (room, index) => {
      for (let id = 0; !isOver; id++) {
        await room.send('note', { id: `${index}-${id}` });
        acknowledged[index]!.push(`${index}-${id}`);
        // This delay limits the number of commands per second. No assertion depends on its length.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    return {
      count: () => acknowledged.flat().length,
      end: async () => {
        isOver = true;
        await Promise.all(running);
        for (const [index, room] of rooms.entries()) {
          const seat = index % 2;
          await until(() => applied(room, seat).length === acknowledged[index]!.length, 10_000);
          expect(applied(room, seat)).toEqual(acknowledged[index]);
        }
      },
    };
  }

  const applied = (room: Room, seat: number): readonly string[] => (room.state as { applied: string[][] }).applied[seat]!;
});
