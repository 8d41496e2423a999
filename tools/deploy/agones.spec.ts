import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { ended } from '../process/leashed.mjs';
import { until } from '../process/until.mjs';

const IMAGE = join(__dirname, '../../deploy/image');
const DEADLINE_MS = 20_000;

async function listen(answer: (path: string, body: string) => number): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => response.writeHead(answer(`${request.method} ${request.url}`, body), { connection: 'close' }).end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, server };
}

// A small server that accepts the two requests that the script sends to the REST API of Agones. Agones itself runs only in a cluster, which
// tests do not have.
describe('the script holdfast-agones', () => {
  const requests: string[] = [];
  const health = { isReady: false, isAlive: true };
  let sdk: Awaited<ReturnType<typeof listen>>;
  let game: Awaited<ReturnType<typeof listen>>;
  let script: ChildProcess;

  beforeAll(async () => {
    sdk = await listen((path, body) => {
      requests.push(`${path} ${body}`);
      return 200;
    });
    game = await listen((path) => ((path === 'GET /readyz' ? health.isReady : health.isAlive) ? 200 : 503));
    script = spawn(join(IMAGE, 'holdfast-agones'), [], {
      env: {
        PATH: `${IMAGE}${delimiter}${process.env.PATH}`,
        AGONES_SDK_HTTP_PORT: String(sdk.port),
        AGONES_HEALTH_SECONDS: '0.05',
        OPS_HOST: '127.0.0.1',
        OPS_PORT: String(game.port),
      },
      stdio: 'ignore',
    });
  });

  afterAll(async () => {
    if (!(await ended(script, 0))) script.kill('SIGKILL');
    for (const { server } of [sdk, game]) server.close();
  });

  it('reports nothing to Agones before the server is ready', async () => {
    let checks = 0;
    game.server.on('request', () => checks++);
    await until(() => checks >= 3, DEADLINE_MS);
    expect(requests).toEqual([]);
  });

  it('reports the server as ready once, and then repeatedly as healthy', async () => {
    health.isReady = true;
    await until(() => requests.length >= 4, DEADLINE_MS);
    expect(requests.slice(0, 4)).toEqual(['POST /ready {}', 'POST /health {}', 'POST /health {}', 'POST /health {}']);
  });

  it('reports the server as healthy while Redis does not answer, because a restart would not help', async () => {
    health.isReady = false;
    const before = requests.length;
    await until(() => requests.length >= before + 2, DEADLINE_MS);
  });

  it('reports nothing while the server hangs, so that Agones replaces the server', async () => {
    health.isAlive = false;
    let checks = 0;
    await until(() => new Promise<boolean>((resolve) => game.server.once('request', () => resolve(true))), DEADLINE_MS);
    const before = requests.length;
    game.server.on('request', () => checks++);
    await until(() => checks >= 4, DEADLINE_MS);
    expect(requests.length).toBeLessThanOrEqual(before + 1);
  });

  it('ends at once when its container is stopped', async () => {
    script.kill('SIGTERM');
    expect(await ended(script, DEADLINE_MS)).toBe(true);
    expect(script.exitCode).toBe(0);
  });
});
