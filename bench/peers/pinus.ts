import { fork } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../tools.js';
import { installed } from './installed.js';
import { Peer, PRODUCTION, STDIO } from './peer.js';

export interface PinusFleet {
  readonly port: number;
  readonly pids: Readonly<Record<'connector' | 'backend', number>>;
  stop(): Promise<void>;
}

/** Starts the three processes of Pinus: a master, which connects the others, a connector, and a backend with the rooms. */
export async function startPinus(): Promise<PinusFleet> {
  const { folder, node } = await installed('pinus');
  const home = await mkdtemp(join(tmpdir(), 'holdfast-pinus-'));
  const [master, backend, connector, players] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  await cp(join(folder, 'app'), join(home, 'app'), { recursive: true });
  await mkdir(join(home, 'config'));
  const config: Readonly<Record<string, unknown>> = {
    master: { production: { id: 'master', host: '127.0.0.1', port: master } },
    servers: { production: {} },
    adminServer: ['room', 'connector'].map((type) => ({ type, token: 'a token for benchmarks only' })),
    adminUser: [],
    log4js: { appenders: { out: { type: 'stderr' } }, categories: { default: { appenders: ['out'], level: 'error' } } },
  };
  for (const [name, content] of Object.entries(config)) await writeFile(join(home, 'config', `${name}.json`), JSON.stringify(content));

  const start = (type: string, id: string, ...more: readonly string[]): Promise<Peer> => {
    const args = ['env=production', 'mode=stand-alone', `serverType=${type}`, `id=${id}`, ...more];
    const child = fork(join(folder, 'server.cjs'), args, {
      execPath: node,
      cwd: home,
      env: PRODUCTION,
      stdio: STDIO,
    });
    return Peer.forked(players, child, `pinus ${type}`);
  };
  const all = [await start('master', 'master')];
  all.push(await start('room', 'room-1', 'host=127.0.0.1', `port=${backend}`));
  const front = [`clientHost=127.0.0.1`, `clientPort=${players}`, 'frontend=true'];
  all.push(await start('connector', 'connector-1', 'host=127.0.0.1', `port=${connector}`, ...front));
  return {
    port: players,
    pids: { backend: all[1].pid, connector: all[2].pid },
    stop: async () => {
      for (const peer of all.reverse()) await peer.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
