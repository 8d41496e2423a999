import type { Redis } from 'ioredis';
import { readReplication } from '#libs/redis';
import { addressOf, redacted } from '#libs/redis-url';
import { FleetError } from './admin-client.js';
import { readSetting } from './store-administration.js';

/** The new Redis as a replica of the old one: the address by which the old one lists it, and its lag. */
export interface OwnReplica {
  readonly ip: string;
  readonly port: string;
  readonly lagBytes: number;
}

interface ListedReplica {
  readonly ip: string;
  readonly port: string;
  readonly state: string;
  readonly offset: number;
}

/**
 * Throws an error if the new Redis already contains data, deletes keys when it is full, or has no append-only file although the old one has
 * one. Also throws an error if the old Redis has other replicas.
 */
export async function refuseUnfit(old: Redis, next: Redis, { from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  const [oldInfo, nextInfo] = [await old.info('replication'), await next.info('replication')];
  const [was, is] = [readReplication(oldInfo), readReplication(nextInfo)];
  if (was.role !== 'master') refuse(`Redis at ${redacted(from)} (--from) is a replica: name the primary.`);
  if (was.id === is.id && is.role === 'master') refuse('--from and --to are the same Redis.');
  if (is.role !== 'master' && was.id !== is.id && !waitsFor(nextInfo, from))
    refuse(`Redis at ${redacted(to)} (--to) is a replica of another Redis than --from: use an empty one.`);
  if (is.role === 'master' && /^db\d+:/m.test(await next.info('keyspace')))
    refuse(`Redis at ${redacted(to)} (--to) has data, which would be deleted: use an empty one.`);
  if (is.role === 'master') refuseOthers(replicasIn(oldInfo), null);
  else await ownReplicaIn(oldInfo, next);
  if ((await readSetting(next, 'maxmemory-policy')) !== 'noeviction')
    refuse('The new Redis deletes keys when it is full: set maxmemory-policy noeviction.');
  if ((await readSetting(old, 'appendonly')) === 'yes' && (await readSetting(next, 'appendonly')) !== 'yes')
    refuse('The new Redis has no append-only file, and the old one has: set appendonly yes.');
}

/**
 * Returns the new Redis as the old one sees it. Null: the new Redis is not connected, or its first copy of the data is not complete.
 *
 * @throws FleetError when the old Redis has another replica, which `FAILOVER` might promote
 */
export async function ownReplica(old: Redis, next: Redis): Promise<OwnReplica | null> {
  const oldInfo = await old.info('replication');
  const replica = await ownReplicaIn(oldInfo, next);
  const nextInfo = await next.info('replication');
  if (!/^master_link_status:up/m.test(nextInfo) || !/^master_sync_in_progress:0/m.test(nextInfo)) return null;
  if (readReplication(nextInfo).id !== readReplication(oldInfo).id || replica?.state !== 'online') return null;
  const written = Number(/^master_repl_offset:(\d+)/m.exec(oldInfo)?.[1]);
  return { ip: replica.ip, port: replica.port, lagBytes: written - replica.offset };
}

/**
 * Finds the new Redis in the list of replicas of the old one, by the port that the new Redis announces, and by its IP address if it
 * announces one. Without an address, another machine with the same port could be taken for the new Redis. So the old Redis must have no
 * other replica.
 */
async function ownReplicaIn(oldInfo: string, next: Redis): Promise<ListedReplica | null> {
  const replicas = replicasIn(oldInfo);
  const { ip, port } = await announcedBy(next);
  const own = replicas.find((replica) => replica.port === port && (ip === '' || replica.ip === ip));
  refuseOthers(replicas, own ?? null);
  return own ?? null;
}

function refuseOthers(replicas: readonly ListedReplica[], own: ListedReplica | null): void {
  const others = replicas.filter((replica) => replica !== own).map(({ ip, port }) => `${ip}:${port}`);
  if (others.length > 0)
    refuse(
      `The old Redis has other replicas than the new one: ${others.join(', ')}. Make the new Redis a replica of the old one (REPLICAOF), and then the others replicas of the new one. Or stop them.`,
    );
}

function replicasIn(info: string): ListedReplica[] {
  return [...info.matchAll(/^slave\d+:ip=(.*?),port=(\d+),state=(\w+),offset=(\d+)/gm)].map(([, ip, port, state, offset]) => ({
    ip: ip!,
    port: port!,
    state: state!,
    offset: Number(offset),
  }));
}

async function announcedBy(client: Redis): Promise<{ readonly ip: string; readonly port: string }> {
  const [ip, port, tlsPort, announced, tlsReplication] = await Promise.all(
    ['replica-announce-ip', 'port', 'tls-port', 'replica-announce-port', 'tls-replication'].map((name) => readSetting(client, name)),
  );
  const hasTlsPort = tlsReplication === 'yes' && isPort(tlsPort);
  return { ip: ip!, port: isPort(announced) ? announced! : hasTlsPort ? tlsPort! : port! };
}

/** Returns whether a setting has a port. 0 and '' mean that there is none. */
function isPort(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}

/** Returns whether a replica has no connection to its primary and the primary is the Redis at `url`, as after an interrupted call. */
function waitsFor(info: string, url: string): boolean {
  const { host, port } = addressOf(new URL(url));
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  return field('master_link_status') === 'down' && field('master_host') === host && field('master_port') === String(port);
}

function refuse(message: string): never {
  throw new FleetError('conflict', message);
}
