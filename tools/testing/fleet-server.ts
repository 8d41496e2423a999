import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../process/free-port.mjs';
import { launchServer, ServerDidNotStart } from '../start/launch-server.mjs';
import type { ServerType } from './server-type.js';

export interface ServerSpec {
  readonly type: ServerType;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** The JavaScript file that starts the server. */
  readonly main: string;
  /** The working directory of the process. */
  readonly cwd?: string;
  /** A file descriptor for the server's standard output and standard error. `log()` is then empty. */
  readonly output?: number;
  /** True: the start does not wait until the server is ready. Use this for servers that never become ready. */
  readonly mayBeUnready?: boolean;
}

/** The ports of a server, as it reports them when it is ready. */
export interface ServerPorts {
  readonly id: string;
  readonly opsPort: number;
  readonly linkPort?: number;
  readonly publicPort?: number;
  readonly tcpPort?: number;
}

/** The end of a process: its exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LINES_KEPT = 2_000;

/** One server of a fleet, in its own process. */
export class FleetServer {
  /** The server id, such as `hf:game:1`. */
  readonly id: string;
  readonly opsUrl: string;
  /** The WebSocket address for players. Only a gateway listens on it. */
  readonly publicUrl: string;
  /** The TCP address for players. Only a gateway listens on it. */
  readonly tcpUrl: string;
  /** The address of the players' page. Only a gateway serves this page. */
  readonly pageUrl: string;
  /** Resolves when the process has ended and all of its output is read. */
  readonly exited: Promise<Exit>;
  exit: Exit | null = null;
  /** True: the test itself ends the process. If a server ends without this, `stop` of the fleet throws an error. */
  isExpectedToEnd = false;

  private constructor(
    readonly spec: ServerSpec,
    readonly ports: ServerPorts,
    private readonly child: ChildProcess,
    private readonly lines: string[],
  ) {
    this.id = ports.id;
    this.opsUrl = `http://127.0.0.1:${ports.opsPort}`;
    this.publicUrl = `ws://127.0.0.1:${ports.publicPort}/play`;
    this.tcpUrl = `tcp://127.0.0.1:${ports.tcpPort}`;
    this.pageUrl = `http://127.0.0.1:${ports.publicPort}/`;
    this.exited = new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.exit = { code, signal };
        resolve(this.exit);
      };
      if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode);
      else {
        child.once('exit', (code, signal) => {
          this.exit = { code, signal };
        });
        child.once('close', ended);
      }
    });
  }

  /**
   * Starts the process of a server and passes the process to `spawned`. Resolves when the server is ready. Rejects with the last lines of
   * the server's output if the server ends before it is ready, or is not ready in time.
   */
  static async start(spec: ServerSpec, home: string, spawned: (child: ChildProcess) => void = () => {}): Promise<FleetServer> {
    const { type, name, env, main, cwd, output, mayBeUnready } = spec;
    const lines: string[] = [];
    let child: ChildProcess | undefined;
    const ports = await launchServer({
      main,
      cwd,
      output,
      mayBeUnready,
      env: { PATH: process.env.PATH, SERVER_NAME: name, ...env },
      readyFile: join(home, `${type}-${name}.json`),
      logFile: join(home, `${type}-${name}.log`),
      onLine: (line: string) => {
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
      },
      spawned: (process: ChildProcess) => {
        child = process;
        spawned(process);
      },
    }).catch((error) => {
      if (!(error instanceof ServerDidNotStart)) throw error;
      throw new Error(`${type} ${name} ${error.message}:\n${error.lastLines.join('\n')}`);
    });
    return new FleetServer(spec, ports, child as ChildProcess, lines);
  }

  /**
   * Returns the settings for the ports. A gateway gets free ports for players, which stay the same after a restart. All other ports are 0,
   * so that the system chooses them.
   */
  static async portsFor(type: ServerType): Promise<Record<string, string>> {
    if (type !== 'gateway') return { OPS_PORT: '0', LINK_PORT: '0' };
    const [publicPort, tcpPort] = [await freePort(), await freePort()];
    return { PUBLIC_PORT: String(publicPort), TCP_PORT: String(tcpPort), OPS_PORT: '0', LINK_PORT: '0' };
  }

  get type(): ServerType {
    return this.spec.type;
  }

  get name(): string {
    return this.spec.name;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Sends a signal, by default SIGKILL. To wait for the end, await `exited`. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.isExpectedToEnd = true;
    this.child.kill(signal);
  }

  /** Returns the last lines of the server's output. */
  log(): readonly string[] {
    return this.lines;
  }

  /** Returns the server's log lines with this event, such as `server.ready`. */
  logged(event: string): Record<string, unknown>[] {
    return this.lines.flatMap((line) => {
      if (!line.includes(event)) return [];
      try {
        const entry = JSON.parse(line) as Record<string, unknown>;
        return Object.values(entry).includes(event) ? [entry] : [];
      } catch {
        return [];
      }
    });
  }

  /** Fetches a page of the ops port. */
  async ops(path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`${this.opsUrl}${path}`, { signal: AbortSignal.timeout(5_000) });
    return { status: response.status, text: await response.text() };
  }
}
