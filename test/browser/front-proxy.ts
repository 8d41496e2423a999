import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/process/free-port.mjs';
import { spawnLeashed } from '../../tools/process/leashed.mjs';
import { until } from '../../tools/process/until.mjs';
import { findNginx } from '../../tools/proxies/find-proxy.mjs';

const EXAMPLE = join(__dirname, '../../docs/nginx.conf');

export interface Upstreams {
  readonly players: string;
  readonly operators: string;
}

/** An nginx process with the configuration in `docs/nginx.conf`, changed to the ports of a test. */
export class Nginx {
  private constructor(
    private readonly child: ChildProcess,
    private readonly home: string,
    readonly url: string,
  ) {}

  /** Starts nginx before these addresses. Resolves when it accepts connections, or with null if this machine has no nginx. */
  static async before({ players, operators }: Upstreams): Promise<Nginx | null> {
    const found = await findNginx();
    if ('missing' in found) {
      console.warn(`Proxies are not tested: ${found.missing}.`);
      return null;
    }
    const [home, port, example] = await Promise.all([mkdtemp(join(tmpdir(), 'holdfast-nginx-')), freePort(), readFile(EXAMPLE, 'utf8')]);
    const config = join(home, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${home}/${kind};`);
    const text = example
      .replace('127.0.0.1:7000', players)
      .replace('127.0.0.1:7010', operators)
      .replace('listen 8080', `listen 127.0.0.1:${port}`)
      .replace('http {', `http {\n  access_log off;\n${temporary.join('\n')}`);
    await writeFile(config, `daemon off;\nmaster_process off;\npid ${home}/nginx.pid;\nerror_log stderr;\n${text}`);
    const child = spawnLeashed(found.command, ['-p', home, '-c', config, '-e', 'stderr'], { env: found.env, stderr: 'pipe' });
    const output: string[] = [];
    child.stderr?.on('data', (chunk) => output.push(String(chunk)));
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended: ${output.join('')}`);
      return accepts(port);
    });
    return new Nginx(child, home, `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
    await ended;
    await rm(this.home, { recursive: true, force: true });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
