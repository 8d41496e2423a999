import type { Redis } from 'ioredis';
import { connect, parseRedisUrl, readReplication, redacted } from '#libs/redis';
import { FleetError } from './admin-client.js';

export interface MoveOptions {
  /**
   * The URLs of the Redis that the fleet uses now and, in `to`, of the new Redis. A URL (`redis://…` or `rediss://…`) contains the login of
   * an administrator, if its Redis requires one.
   */
  readonly from: string;
  readonly to: string;
  /** The prefix of the fleet (`REDIS_PREFIX`). */
  readonly prefix: string;
  /** Time limit for the copy of the data, and for the servers to read the new address, in ms. */
  readonly waitMs: number;
  /** The certificates (PEM) of the CAs that must have signed the certificates of both Redis servers. */
  readonly tlsCa?: string;
  say(text: string): void;
}

export interface MoveResult {
  /** Number of servers that have moved. */
  readonly servers: number;
  /** Time in which neither Redis took a write, in ms. */
  readonly switchMs: number;
}

/**
 * Time for which the old Redis may hold writes back while the new one catches up, in ms. After this time, the old Redis takes writes again.
 */
const SWITCH_MS = 5_000;
/** The new Redis may lag by this number of bytes before the switch begins. The switch itself waits for the rest. */
const LAG_BYTES = 1_000_000;
const POLL_MS = 5;

/**
 * Moves a fleet to another Redis while it plays. The new Redis becomes a replica of the old one. When it has all data, and every server is
 * connected to it, `FAILOVER` swaps their roles. The old Redis is then a read-only replica, so no server can write to it.
 *
 * @throws FleetError when a step does not succeed; the fleet then continues on the old Redis
 */
export async function moveStore(options: MoveOptions): Promise<MoveResult> {
  const { from, to, prefix, say, waitMs } = options;
  const [old, next] = [clientOf('--from', from, options), clientOf('--to', to, options)];
  try {
    await Promise.all([opened(old, '--from', from), opened(next, '--to', to)]);
    await refuseUnfit(old, next, { from, to });
    await letLogIn(next, from);
    await letLogIn(old, to);
    const { host, port } = addressOf(from);
    await next.call('REPLICAOF', host, String(port));
    await within(waitMs, () => isInSync(old, next, to), 'The new Redis has not copied the data in time.');
    say(`${redacted(to)} is a replica of ${redacted(from)} and has all data.`);
    const servers = await serversOf(old, prefix);
    await within(
      waitMs,
      async () => (await missing(next, servers)).length === 0,
      async () =>
        `These servers are not connected to the new Redis: ${(await missing(next, servers)).join(', ')}. Write its address into the file of their REDIS_URL_FILE.`,
    );
    say(`All ${servers.length} servers have read the new address.`);
    const switchMs = await switchRoles(old, next, to);
    say(`The new Redis took over within ${switchMs} ms. The old one is its replica, and refuses writes.`);
    await within(
      waitMs,
      async () => (await present(old, servers)).length === 0,
      async () => `These servers are still connected to the old Redis: ${(await present(old, servers)).join(', ')}. Do not stop it yet.`,
    );
    say('No server is connected to the old Redis any more. It may be stopped.');
    return { servers: servers.length, switchMs };
  } finally {
    old.disconnect();
    next.disconnect();
  }
}

function clientOf(option: string, url: string, { tlsCa }: MoveOptions): Redis {
  if (!/^rediss?:\/\/[^\s,]+$/.test(url))
    throw new FleetError('bad-data', `${option} is ${JSON.stringify(redacted(url))}: it must be redis://HOST:PORT or rediss://HOST:PORT.`);
  return connect({ url, name: 'move-store', ...(tlsCa !== undefined && { tls: { ca: tlsCa } }) }) as Redis;
}

async function opened(client: Redis, option: string, url: string): Promise<void> {
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    throw new FleetError('unavailable', `Redis at ${redacted(url)} (${option}) does not answer: ${(error as Error).message}`);
  }
}

/** Refuses a new Redis that has data of its own, that deletes keys, or that stores less safely than the old one. */
async function refuseUnfit(old: Redis, next: Redis, { from, to }: Pick<MoveOptions, 'from' | 'to'>): Promise<void> {
  const [was, is] = [readReplication(await old.info('replication')), readReplication(await next.info('replication'))];
  const refuse = (message: string): never => {
    throw new FleetError('conflict', message);
  };
  if (was.role !== 'master') refuse(`Redis at ${redacted(from)} (--from) is a replica: name the primary.`);
  if (was.id === is.id && is.role === 'master') refuse('--from and --to are the same Redis.');
  if (is.role === 'master' && (await next.dbsize()) > 0)
    refuse(`Redis at ${redacted(to)} (--to) has data, which would be deleted: use an empty one.`);
  const setting = async (client: Redis, name: string): Promise<string> => ((await client.config('GET', name)) as string[])[1] ?? '';
  if ((await setting(next, 'maxmemory-policy')) !== 'noeviction')
    refuse('The new Redis deletes keys when it is full: set maxmemory-policy noeviction.');
  if ((await setting(old, 'appendonly')) === 'yes' && (await setting(next, 'appendonly')) !== 'yes')
    refuse('The new Redis has no append-only file, and the old one has: set appendonly yes.');
}

/** Gives a Redis the login with which it can be a replica of the Redis at `url`. */
async function letLogIn(client: Redis, url: string): Promise<void> {
  const { user, password } = parseRedisUrl(url).login;
  if (password === undefined) return;
  await client.config('SET', 'masteruser', user ?? '');
  await client.config('SET', 'masterauth', password);
}

async function isInSync(old: Redis, next: Redis, to: string): Promise<boolean> {
  const info = await next.info('replication');
  if (!/^master_link_status:up/m.test(info) || !/^master_sync_in_progress:0/m.test(info)) return false;
  const replica = await replicaAt(old, to);
  return replica !== null && replica.lagBytes < LAG_BYTES;
}

/** Returns the address and the lag of the new Redis, as the old Redis reports them. Null: the new Redis is not an online replica. */
async function replicaAt(old: Redis, to: string): Promise<{ ip: string; port: string; lagBytes: number } | null> {
  const info = await old.info('replication');
  const written = Number(/^master_repl_offset:(\d+)/m.exec(info)?.[1]);
  const replicas = [...info.matchAll(/^slave\d+:ip=(.+?),port=(\d+),state=online,offset=(\d+)/gm)];
  const { port } = addressOf(to);
  const found = replicas.length === 1 ? replicas[0] : replicas.find((replica) => replica[2] === String(port));
  return found ? { ip: found[1]!, port: found[2]!, lagBytes: written - Number(found[3]) } : null;
}

/** The living servers in the registry. */
async function serversOf(old: Redis, prefix: string): Promise<string[]> {
  const ids = await old.smembers(`${prefix}:servers`);
  const states = await Promise.all(ids.map((id) => old.hget(id, 'state')));
  return ids.filter((_, index) => states[index] !== null && states[index] !== 'dead').sort();
}

async function present(client: Redis, servers: readonly string[]): Promise<string[]> {
  const names = new Set([...String(await client.client('LIST')).matchAll(/ name=(\S+) /g)].map(([, name]) => name));
  return servers.filter((id) => names.has(id));
}

async function missing(client: Redis, servers: readonly string[]): Promise<string[]> {
  const connected = await present(client, servers);
  return servers.filter((id) => !connected.includes(id));
}

/** Swaps the roles. Returns the duration, in ms. */
async function switchRoles(old: Redis, next: Redis, to: string): Promise<number> {
  const replica = await replicaAt(old, to);
  if (replica === null)
    throw new FleetError('unavailable', 'The new Redis is not connected to the old one any more. The fleet continues on the old one.');
  const startedAt = performance.now();
  await old.call('FAILOVER', 'TO', replica.ip, replica.port, 'TIMEOUT', String(SWITCH_MS));
  await within(
    2 * SWITCH_MS,
    async () => {
      if (readReplication(await next.info('replication')).role === 'master') return true;
      if (!/^master_failover_state:no-failover/m.test(await old.info('replication'))) return false;
      if (readReplication(await next.info('replication')).role === 'master') return true;
      throw new FleetError(
        'unavailable',
        `The new Redis did not catch up within ${SWITCH_MS} ms. The fleet continues on the old one; try again.`,
      );
    },
    'The new Redis did not take over in time. Look at `INFO replication` of both.',
  );
  return Math.round(performance.now() - startedAt);
}

async function within(ms: number, isDone: () => Promise<boolean>, problem: string | (() => Promise<string>)): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await isDone())) {
    if (performance.now() > deadline) throw new FleetError('unavailable', typeof problem === 'string' ? problem : await problem());
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 6379) };
}
