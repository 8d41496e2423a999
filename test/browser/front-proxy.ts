import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/process/free-port.mjs';
import { spawnLeashed } from '../../tools/process/leashed.mjs';
import { until } from '../../tools/process/until.mjs';
import { findProxy } from '../../tools/proxies/find-proxy.mjs';

const DEPLOY = join(__dirname, '../../deploy');

export interface Upstreams {
  readonly players: string;
  readonly operators: string;
}

export type ProxyKind = 'nginx' | 'haproxy';

/** The folder and the port of a proxy in a test. */
interface Place {
  readonly home: string;
  readonly port: number;
}

interface Setup {
  /** The name of the example configuration in `deploy/nginx` or `deploy/haproxy`. */
  readonly example: string;
  /** Returns the configuration for this folder and port. The addresses are those of the fleet. */
  readonly configuration: (example: string, place: Place) => string;
  readonly args: (config: string, home: string) => readonly string[];
}

const SETUPS: Readonly<Record<ProxyKind, Setup>> = {
  nginx: {
    example: 'paths.conf',
    configuration: (example, { home, port }) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${home}/${kind};`);
      const text = example
        .replace('listen 8080', `listen 127.0.0.1:${port}`)
        .replace('http {', `http {\n  access_log off;\n${temporary.join('\n')}`);
      return `daemon off;\nmaster_process off;\npid ${home}/nginx.pid;\nerror_log stderr;\n${text}`;
    },
    args: (config, home) => ['-p', home, '-c', config, '-e', 'stderr'],
  },
  haproxy: {
    example: 'paths.cfg',
    configuration: (example, { port }) => `global\n  nbthread 1\n  maxconn 100\n${example.replace('bind :8080', `bind 127.0.0.1:${port}`)}`,
    args: (config) => ['-db', '-f', config],
  },
};

/** A proxy in its own process. Its configuration is that of `deploy/`, with the ports of a test. */
export class FrontProxy {
  private constructor(
    private readonly child: ChildProcess,
    private readonly home: string,
    readonly url: string,
  ) {}

  /**
   * Starts the proxy in front of these addresses, and resolves when the proxy accepts connections. Resolves with null when this proxy is
   * not installed on this machine.
   */
  static async before({ players, operators }: Upstreams, kind: ProxyKind): Promise<FrontProxy | null> {
    const found = await findProxy(kind);
    if ('missing' in found) {
      console.warn(`A proxy is not tested: ${found.missing}.`);
      return null;
    }
    const { example, configuration, args } = SETUPS[kind];
    const [home, port, text] = await Promise.all([
      mkdtemp(join(tmpdir(), `holdfast-${kind}-`)),
      freePort(),
      readFile(join(DEPLOY, kind, example), 'utf8'),
    ]);
    const config = join(home, example);
    const upstreams = text.replace('127.0.0.1:7000', players).replace('127.0.0.1:7010', operators);
    await writeFile(config, configuration(upstreams, { home, port }));
    const child = spawnLeashed(found.command, [...args(config, home)], { env: found.env, stderr: 'pipe' });
    const output: string[] = [];
    child.stderr?.on('data', (chunk) => output.push(String(chunk)));
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${kind} ended: ${output.join('')}`);
      return accepts(port);
    });
    return new FrontProxy(child, home, `http://127.0.0.1:${port}`);
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
