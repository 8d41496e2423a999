import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '../../..');
const EVENT = { at: 1, by: 'hf:gateway:1', kind: 'server.joined', reason: 'it registered', server: 'hf:game:1' };

describe('the command watch', () => {
  let gateway: Server;
  beforeAll(async () => {
    // A quiet fleet: one event, and then none.
    gateway = createServer((request, response) => {
      if (request.url === '/api/fleet') response.end('{}');
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(EVENT)}\n\n`);
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
  });
  afterAll(() => {
    gateway.closeAllConnections();
    gateway.close();
  });

  it('ends soon after the reader of its output, also while no event arrives', async () => {
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    const { HOLDFAST_DIR, HOLDFAST_DIST, ...env } = process.env;
    const script = `"$0" tools/fleet/run.mjs --url ${url} --token t watch | head -1; echo "exit code \${PIPESTATUS[0]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath], { cwd: ROOT, env, timeout: 20_000 });
    expect(stdout).toMatch(/it registered.*\nexit code 0\n$/);
  }, 30_000);
});
