import { execFile } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../tools/process/free-port.mjs';
import { ended, spawnLeashed } from '../../tools/process/leashed.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { until } from '../../tools/process/until.mjs';

const run = promisify(execFile);

/** An npm registry on loopback. Its storage is separate from that of other registries. */
export interface Registry {
  readonly url: string;
  /** Publishes a package: a folder or an archive. The version becomes `latest`, even when it is not released yet. */
  publish(path: string): Promise<void>;
  /** Runs a program whose npm and pnpm use this registry. Rejects with the program's output when it fails. */
  run(folder: string, command: string, args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts a registry without packages. Tests publish the packages of Holdfast to it. The registry reads all other packages from the registry
 * that the npm of this machine uses.
 */
export async function startRegistry(home: string): Promise<Registry> {
  const folder = join(home, 'registry');
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const { stdout: uplink } = await run('npm', ['config', 'get', 'registry'], { cwd: home });
  const own = { access: '$all', publish: '$all' };
  const config = {
    storage: join(folder, 'storage'),
    uplinks: { npm: { url: uplink.trim(), maxage: '30m', timeout: '60s' } },
    packages: { '@holdfast/*': own, 'create-holdfast': own, '**': { access: '$all', proxy: 'npm' } },
    log: { type: 'stdout', format: 'json', level: 'warn' },
    web: { enable: false },
  };
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config));
  // npm publishes only with a token. The registry accepts any token.
  const npmrc = join(folder, 'npmrc');
  await writeFile(npmrc, `registry=${url}\n//127.0.0.1:${port}/:_authToken=anybody\n`);
  const verdaccio = join(ROOT, 'node_modules/verdaccio/bin/verdaccio');
  const logFile = join(folder, 'log');
  const log = await open(logFile, 'a');
  const child = spawnLeashed(process.execPath, [verdaccio, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`], {
    cwd: folder,
    stdout: log.fd,
    stderr: log.fd,
  });
  await log.close();
  await until(async () => (await fetch(`${url}-/ping`)).ok, 30_000).catch(async () => {
    child.kill('SIGKILL');
    throw new Error(`The registry did not start:\n${await readFile(logFile, 'utf8')}`);
  });

  const runHere = async (cwd: string, command: string, args: readonly string[]): Promise<string> => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, npm_config_userconfig: npmrc, npm_config_audit: 'false', npm_config_fund: 'false', CI: 'true' };
    const { stdout } = await run(command, args, { cwd, env, maxBuffer: 1 << 24 }).catch((error) => {
      throw new Error(`${command} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
    });
    return stdout;
  };
  return {
    url,
    publish: async (path) =>
      void (await runHere(home, 'npm', ['publish', path, '--access', 'public', '--tag', 'latest', '--ignore-scripts'])),
    run: runHere,
    stop: async () => {
      child.kill('SIGTERM');
      if (!(await ended(child, 5_000))) child.kill('SIGKILL');
    },
  };
}
