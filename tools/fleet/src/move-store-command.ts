import type { Command } from 'commander';
import { FleetError } from './admin-client.js';
import { moveStore } from './move-store.js';

/** Adds `move-store`, which connects to the old and the new Redis itself and needs no gateway. */
export function addMoveStore(program: Command): void {
  program
    .command('move-store')
    .description('move the running fleet to another Redis: copy the data, swap the roles, and wait for all servers')
    .requiredOption('--from <url>', 'the Redis that the fleet uses: redis://10.0.0.1:6379, or rediss:// for TLS')
    .requiredOption('--to <url>', 'the new Redis: empty, and written into the file of REDIS_URL_FILE of every server')
    .option('--prefix <prefix>', 'REDIS_PREFIX of the fleet', 'hf')
    .option('--tls-ca <file>', 'certificates of the CAs that must have signed those of both (PEM), as REDIS_TLS_CA')
    .option('--tls-cert <file>', 'certificate of this command (PEM), when one of them requires it')
    .option('--tls-key <file>', 'key of that certificate')
    .option('--tls-name <name>', 'name that the certificates of both must contain, if it is not the host, as REDIS_TLS_NAME')
    .option('--wait <seconds>', 'time limit for the copy, and for the servers to read the new address', '60')
    .exitOverride()
    .action(async ({ from, to, prefix, tlsCa, tlsCert, tlsKey, tlsName, wait }: Record<string, string>) => {
      const { json = false } = program.opts<{ json?: boolean }>();
      const waitMs = Number(wait) * 1_000;
      if (!(waitMs > 0)) throw new FleetError('bad-data', `--wait is ${JSON.stringify(wait)}: it must be a number of seconds above 0.`);
      const say = (text: string): void => (json ? undefined : console.log(text));
      const tls = { ca: tlsCa, cert: tlsCert, key: tlsKey, name: tlsName };
      const result = await moveStore({ from: from as string, to: to as string, prefix: prefix as string, tls, waitMs, say });
      if (json) console.log(JSON.stringify(result));
    });
}
