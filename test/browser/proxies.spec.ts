import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type Frame, type Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { ADMIN_TOKEN, type Fleet, type FleetServer, startFleet } from '../harness/index.js';
import { describeInChromium, launchChromium } from './chromium.js';
import { FrontProxy, type ProxyKind } from './front-proxy.js';
import { Visitor, Visitors } from './visitor.js';

const PROXIES: readonly (readonly [name: string, kind: ProxyKind])[] = [
  ['an nginx', 'nginx'],
  ['a HAProxy', 'haproxy'],
];

describeInChromium('a fleet behind proxies, in Chromium', () => {
  let fleet: Fleet;
  let browser: Browser;
  const visitors = new Visitors();
  const proxies: FrontProxy[] = [];
  const started: FleetServer[] = [];
  const sockets: WebSocket[] = [];

  beforeAll(async () => {
    const env = { TRUSTED_PROXIES: 'loopback', ALLOWED_ORIGINS: 'null, file://' };
    [fleet, browser] = await Promise.all([startFleet({ gateways: 1, lobbies: 1, games: 1, env }), launchChromium()]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  afterEach(async () => {
    const defects = await visitors.leave();
    for (const socket of sockets.splice(0)) socket.terminate();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
    for (const server of started.splice(0)) {
      server.kill();
      await server.exited;
      fleet.gateways.splice(fleet.gateways.indexOf(server), 1);
    }
    expect(defects).toEqual([]);
  });

  async function startGateway(name: string, env: Readonly<Record<string, string>>): Promise<FleetServer> {
    const server = await fleet.start('gateway', name, env);
    started.push(server);
    return server;
  }

  async function proxyBefore({ ports, opsUrl }: FleetServer, kind: ProxyKind): Promise<FrontProxy | null> {
    const proxy = await FrontProxy.before({ players: `127.0.0.1:${ports.publicPort}`, operators: new URL(opsUrl).host }, kind);
    if (proxy) proxies.push(proxy);
    return proxy;
  }

  /** Logs in from this address and returns the first message of the gateway. */
  async function answerTo(url: string, localAddress: string): Promise<unknown> {
    const socket = new WebSocket(url, 'holdfast.v1.json', { localAddress });
    sockets.push(socket);
    socket.on('open', () => socket.send(JSON.stringify({ kind: 'hello', protocol: 1, name: 'Ada' })));
    const [message] = await once(socket, 'message');
    return JSON.parse(String(message));
  }

  async function createsARoom(name: string, url: string): Promise<Visitor> {
    const visitor = await Visitor.open(browser, name, url);
    visitors.add(visitor);
    await visitor.press('Create a room: Tic-tac-toe');
    await visitor.press('Create');
    await visitor.sees('Waiting for players');
    return visitor;
  }

  async function operates(url: string): Promise<Page> {
    const operator = await Visitor.at(browser, 'Operator', url);
    visitors.add(operator);
    await operator.page.getByLabel('Admin token').fill(ADMIN_TOKEN);
    await operator.press('Sign in');
    await operator.page.getByRole('link', { name: 'gateway:1', exact: true }).waitFor();
    return operator.page;
  }

  it.each(PROXIES)(
    'serves the page and the dashboard below a path of %s when the proxy changes the host header',
    async (_, kind) => {
      const proxy = await proxyBefore(fleet.gateways[0], kind);
      if (!proxy) return;
      const ada = await createsARoom('Ada', `${proxy.url}/games`);
      expect(new URL(ada.page.url()).pathname).toBe('/games/');
      const bob = await Visitor.open(browser, 'Bob', ada.page.url());
      visitors.add(bob);
      await bob.sees('Ready?');
      const page = await operates(`${proxy.url}/fleet`);
      expect(new URL(page.url()).pathname).toBe('/fleet/');
      await page.getByRole('link', { name: 'Rooms', exact: true }).click();
      await page.getByRole('cell', { name: 'tic-tac-toe' }).first().waitFor();
      expect(new URL(page.url()).pathname).toBe('/fleet/');
    },
    60_000,
  );

  it.each(PROXIES)('refuses a WebSocket from the page when the gateway does not trust the proxy: %s', async (_, kind) => {
    const server = await startGateway('untrusting', { TRUSTED_PROXIES: '' });
    const proxy = await proxyBefore(server, kind);
    if (!proxy) return;
    const cy = await Visitor.at(browser, 'Cy', `${proxy.url}/games/`);
    visitors.add(cy);
    const refused = cy.page.waitForEvent('console', (message) => message.text().includes('Unexpected response code: 403'));
    await cy.page.getByLabel('Your name').fill('Cy');
    await cy.press('Play');
    await refused;
  });

  it.each(PROXIES)('limits the connections of each address behind %s separately', async (_, kind) => {
    const server = await startGateway('limited', { TRUSTED_PROXIES: '127.0.0.1', CONNECTIONS_PER_ADDRESS: '1' });
    const proxy = await proxyBefore(server, kind);
    if (!proxy) return;
    const url = `${proxy.url.replace('http', 'ws')}/games/play`;
    expect(await answerTo(url, '127.0.0.2')).toMatchObject({ kind: 'welcome' });
    expect(await answerTo(url, '127.0.0.2')).toMatchObject({ kind: 'goodbye', code: 'too-many-connections' });
    expect(await answerTo(url, '127.0.0.3')).toMatchObject({ kind: 'welcome' });
  });

  it('serves the page and the dashboard over IPv6', async () => {
    const server = await startGateway('v6', { PUBLIC_HOST: '::1', OPS_HOST: '::1', TRUSTED_PROXIES: '' });
    await createsARoom('Ada', `http://[::1]:${server.ports.publicPort}/`);
    const page = await operates(`http://[::1]:${server.ports.opsPort}/`);
    await page.getByRole('link', { name: 'gateway:v6', exact: true }).waitFor();
  });

  it('accepts a WebSocket from the page of an app only when the origin is listed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-origins-'));
    const visitor = await Visitor.at(browser, 'App', 'about:blank');
    visitors.add(visitor);
    const { page } = visitor;
    try {
      await writeFile(
        join(dir, 'app.html'),
        '<!doctype html><title>App</title><iframe sandbox="allow-scripts" srcdoc="Sandboxed"></iframe>',
      );
      await page.goto(pathToFileURL(join(dir, 'app.html')).href);
      expect(await connects(page, fleet.gateways[0].publicUrl)).toBe(true);
      expect(await connects(page.frames()[1], fleet.gateways[0].publicUrl)).toBe(true);
      // A different host name makes a different origin, even for the same port.
      await page.goto(`http://localhost:${fleet.gateways[0].ports.publicPort}/about.json`);
      expect(await connects(page, fleet.gateways[0].publicUrl)).toBe(false);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

function connects(page: Page | Frame, url: string): Promise<boolean> {
  return page.evaluate(
    (address) =>
      new Promise<boolean>((resolve) => {
        const socket = new window.WebSocket(address, 'holdfast.v1.json');
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      }),
    url,
  );
}
