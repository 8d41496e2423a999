import type { Redis } from 'ioredis';
import { type Replication, readReplication } from '#libs/redis';
import { addressOf, redacted } from '#libs/redis-url';
import { FleetError } from './admin-client.js';
import { administer } from './store-administration.js';
import { refuseWrongOptions, StoreClient, type StoreTls, usesTls } from './store-client.js';
import { connectionsOf, missing, present, serversOf } from './store-connections.js';
import { prepareLinks } from './store-links.js';
import { ownReplica, refuseUnfit } from './store-replica.js';
import { awaitSwitch, isSwitching, switchRoles } from './store-switch.js';
import { within } from './within.js';

export interface MoveOptions {
  /**
   * The URLs of the Redis that the fleet uses now and, in `to`, of the new Redis. A URL (`redis://…` or `rediss://…`) contains the
   * credentials of an administrator, if its Redis requires them.
   */
  readonly from: string;
  readonly to: string;
  /** The prefix of the fleet (`REDIS_PREFIX`). */
  readonly prefix: string;
  /** Time limit for the copy of the data, and for the servers to read the new address, in ms. */
  readonly waitMs: number;
  /** The files with which this command connects to both, when the URLs are `rediss://…`. */
  readonly tls?: StoreTls;
  say(text: string): void;
}

export interface MoveResult {
  /** Number of servers that have moved. */
  readonly servers: number;
  /** Duration for which neither Redis accepted a write, in ms. 0: an earlier call has swapped the roles. */
  readonly switchMs: number;
}

/** Maximum number of bytes that the new Redis may lack when the switch begins. `FAILOVER` waits until the new Redis has them. */
const LAG_BYTES = 1_000_000;

/**
 * Moves a fleet to another Redis while its games continue. The new Redis becomes a replica of the old one. When the new Redis has all data,
 * and every server is connected to it, `FAILOVER` swaps their roles. The old Redis is then a read-only replica, so no server can write to
 * it. A repeated call continues where an earlier one ended, also after the switch.
 *
 * @throws FleetError when a step does not succeed; until the switch, the fleet then continues on the old Redis
 */
export async function moveStore(options: MoveOptions): Promise<MoveResult> {
  const { from, to, prefix, say, tls = {}, waitMs } = options;
  refuseWrongOptions({ '--from': from, '--to': to }, tls);
  const stores = [new StoreClient('--from', from, tls), new StoreClient('--to', to, tls)] as const;
  const [old, next] = [stores[0].client, stores[1].client];
  try {
    await Promise.all(stores.map((store) => store.open()));
    if (await isSwitching(old)) await awaitSwitch(old, next);
    const [was, is] = await Promise.all([old, next].map(async (client) => readReplication(await client.info('replication'))));
    const hasSwitched = isReplicaOf(was!, is!);
    if (hasSwitched) say('The new Redis has taken over already. The old one is its replica, and refuses writes.');
    const switchMs = hasSwitched ? 0 : await copyAndSwitch(old, next, options);
    const servers = await serversOf(next, prefix);
    await within(
      waitMs,
      async () => (await present(old, servers)).length === 0,
      async () =>
        `These connections to the old Redis are still open: ${(await present(old, servers)).join(', ')}. The fleet uses the new Redis. Do not stop the old one yet; repeat the command.`,
    );
    say('No server is connected to the old Redis any more. It may be stopped.');
    return { servers: servers.length, switchMs };
  } catch (error) {
    throw error instanceof FleetError ? error : new FleetError('unavailable', `${(error as Error).message}. Repeat the command.`);
  } finally {
    for (const store of stores) store.close();
  }
}

/**
 * Makes the new Redis a replica, waits until it and the servers are ready, and swaps the roles. Returns the duration of the swap, in ms.
 */
async function copyAndSwitch(old: Redis, next: Redis, { from, to, prefix, say, waitMs }: MoveOptions): Promise<number> {
  await refuseUnfit(old, next, { from, to });
  await prepareLinks(old, next, { from, to });
  const { host, port } = addressOf(new URL(from));
  await administer(next, 'REPLICAOF', host, String(port));
  await within(
    waitMs,
    () => isInSync(old, next),
    async () => `${await whyNoCopy(next, from)} The fleet continues on the old one.`,
  );
  say(`${redacted(to)} is a replica of ${redacted(from)} and has all data.`);
  const servers = await serversOf(old, prefix);
  const unready = async (): Promise<string[]> => missing(next, await connectionsOf(old, servers));
  await within(
    waitMs,
    async () => (await unready()).length === 0,
    async () =>
      `These servers are not connected to the new Redis: ${(await unready()).join(', ')}. Write its address into the file of their REDIS_URL_FILE, and repeat the command. The fleet continues on the old one.`,
  );
  say(`All ${servers.length} servers have read the new address.`);
  const switchMs = await switchRoles(old, next);
  say(`The new Redis took over within ${switchMs} ms. The old one is its replica, and refuses writes.`);
  return switchMs;
}

/**
 * Returns whether an earlier call has swapped the roles. Also compares the former replication id of the new Redis, because the old Redis
 * keeps this id until it is connected to the new one.
 */
function isReplicaOf(was: Replication, is: Replication): boolean {
  return was.role === 'slave' && is.role === 'master' && (was.id === is.id || was.id === is.previousId);
}

async function isInSync(old: Redis, next: Redis): Promise<boolean> {
  const replica = await ownReplica(old, next);
  return replica !== null && replica.lagBytes < LAG_BYTES;
}

async function whyNoCopy(next: Redis, from: string): Promise<string> {
  const info = await next.info('replication');
  if (!/^master_link_status:down/m.test(info) || !/^master_sync_in_progress:0/m.test(info))
    return 'The new Redis has not copied the data in time.';
  const certificates = usesTls(from) ? ' Each of the two must have the CA of the other one in its tls-ca-cert-file.' : '';
  return `The new Redis could not connect to the old one; its log says why.${certificates}`;
}
