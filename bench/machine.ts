import { execFileSync } from 'node:child_process';
import { cpus, hostname, loadavg, totalmem } from 'node:os';
import { versionsOf } from './peers/installed.js';
import { ROOT } from './tools.js';

/** The machine and the versions with which figures were measured. */
export interface Machine {
  readonly host: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly redis: string;
  readonly commit: string;
  readonly peers: string;
}

export async function describeMachine(): Promise<Machine> {
  const names = await Promise.all((['colyseus', 'socket.io', 'pinus'] as const).map(versionsOf));
  const versions: Readonly<Record<string, string>> = Object.assign({}, ...names);
  return {
    host: hostname(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: say('uname', '-sr'),
    node: process.version,
    redis: /v=([\d.]+)/.exec(say('redis-server', '--version'))?.[1] ?? 'unknown',
    commit: say('git', '-C', ROOT, 'rev-parse', '--short', 'HEAD'),
    peers: [
      `Colyseus ${versions['@colyseus/core']} on Node ${versions.node}`,
      `Socket.IO ${versions['socket.io']}`,
      `Pinus ${versions.pinus}`,
    ].join(', '),
  };
}

/** Returns the average load of the machine over the last minute. */
export function loadOfTheMinute(): number {
  return loadavg()[0];
}

function say(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
