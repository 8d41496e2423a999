import type { Command } from 'commander';
import { FleetError } from './admin-client.js';
import { moveStore } from './move-store.js';

/** Adds `move-store`, which connects to the old and the new Redis itself and needs no gateway. */
export function addMoveStore(program: Command): void {
  program
    .command('move-store')
    .description('move the running fleet to another Redis: copy the data, swap the roles, and wait for all servers')
    .requiredOption('--from <url>', 'the Redis that the fleet uses, such as redis://10.0.0.1:6379')
    .requiredOption('--to <url>', 'the new Redis: empty, and written into the file of REDIS_URL_FILE of every server')
    .option('--prefix <prefix>', 'REDIS_PREFIX of the fleet', 'hf')
    .option('--tls-ca <file>', 'certificates that must have signed those of both (PEM)')
    .option('--wait <seconds>', 'time limit for the copy, and for the servers to read the new address', '60')
    .exitOverride()
    .action(async ({ from, to, prefix, tlsCa, wait }: Record<string, string>) => {
      const { json = false } = program.opts<{ json?: boolean }>();
      const waitMs = Number(wait) * 1_000;
      if (!(waitMs > 0)) throw new FleetError('bad-data', `--wait is ${JSON.stringify(wait)}: it must be a number of seconds above 0.`);
      const say = (text: string): void => (json ? undefined : console.log(text));
      const result = await moveStore({ from: from as string, to: to as string, prefix: prefix as string, tlsCa, waitMs, say });
      if (json) console.log(JSON.stringify(result));
    });
}
