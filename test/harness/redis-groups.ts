import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import { freePort } from '../../tools/process/free-port.mjs';
import { ended } from '../../tools/process/leashed.mjs';
import { until } from '../../tools/process/until.mjs';
import { startRedis } from '../../tools/redis/index.mjs';
import type { FleetStore } from '../../tools/testing/fleet-redis.js';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

const NAME = 'holdfast';
const SLOTS = 16_384;
/**
 * Time without an answer after which a sentinel considers the primary down, in ms. It is shorter than in production, so that the tests are
 * fast.
 */
const DOWN_AFTER_MS = 1_000;

/** Passwords, users and TLS of a group of Redis processes. */
export interface RedisSecurity {
  /** The password of the user `default`. The test connects as this user, and so do the Redis processes when they connect to each other. */
  readonly password?: string;
  /** The value of the setting `user` that creates the user of the fleet, such as `holdfast on >word ~* &* +@all`. */
  readonly user?: string;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/**
 * A primary, two replicas and three sentinels that monitor them. A sentinel uses TLS for all of its connections or for none. So when only
 * the sentinels or only the data nodes use TLS, each sentinel has a second port for the other sentinels.
 */
export class SentinelStore implements FleetStore {
  private constructor(
    readonly url: string,
    readonly client: Redis,
    private readonly primary: RunningRedis,
    readonly sentinels: readonly RunningRedis[],
    private readonly ofSentinels: RedisSecurity,
    private readonly all: readonly RunningRedis[],
  ) {}

  static async start(home: string, data: RedisSecurity = {}, ofSentinels: RedisSecurity = {}): Promise<SentinelStore> {
    const start = async (name: string, config: Record<string, string | number>, sentinel = false): Promise<RunningRedis> => {
      const { password, tls, user } = sentinel ? ofSentinels : data;
      const isMixed = sentinel && !data.tls !== !ofSentinels.tls;
      return startRedis({
        dir: join(home, name),
        appendonly: !sentinel,
        sentinel,
        password,
        tls,
        config: {
          ...(user && { user }),
          ...(!sentinel && password && { masterauth: password }),
          ...(isMixed && portForSentinels(await freePort(), data.tls)),
          ...config,
        },
      });
    };
    const primary = await start('primary', {});
    const replicaof = `127.0.0.1 ${primary.port}`;
    const replicas = await Promise.all(['replica-1', 'replica-2'].map((name) => start(name, { replicaof })));
    const monitor = {
      'sentinel monitor': `${NAME} 127.0.0.1 ${primary.port} 2`,
      'sentinel down-after-milliseconds': `${NAME} ${DOWN_AFTER_MS}`,
      'sentinel failover-timeout': `${NAME} 4000`,
      ...(data.password && { 'sentinel auth-pass': `${NAME} ${data.password}` }),
      ...(ofSentinels.password && { 'sentinel sentinel-pass': ofSentinels.password }),
    };
    const sentinels = await Promise.all(['sentinel-1', 'sentinel-2', 'sentinel-3'].map((name) => start(name, monitor, true)));
    const addresses = sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = new Redis({
      sentinels: addresses,
      name: NAME,
      sentinelRetryStrategy: () => 50,
      retryStrategy: () => 50,
      password: data.password,
      sentinelPassword: ofSentinels.password,
      // When only the sentinels or only the data nodes use TLS, ioredis must not learn the ports that sentinels have for each other.
      updateSentinels: !data.tls === !ofSentinels.tls,
      ...(data.tls && { tls: trusting(data.tls), enableTLSForSentinelMode: true }),
      ...(ofSentinels.tls && { sentinelTLS: trusting(ofSentinels.tls) }),
    });
    client.on('error', () => {});
    const hosts = addresses.map(({ host, port }) => `${host}:${port}`).join(',');
    const store = new SentinelStore(`sentinel://${hosts}/${NAME}`, client, primary, sentinels, ofSentinels, [
      primary,
      ...replicas,
      ...sentinels,
    ]);
    await until(async () => /connected_slaves:2/.test(await client.info('replication')), 15_000);
    await until(async () => (await Promise.all(sentinels.map((sentinel) => knowsAll(sentinel, ofSentinels)))).every(Boolean), 15_000);
    return store;
  }

  /** Sends SIGKILL and resolves when the process has ended. */
  async killPrimary(): Promise<void> {
    this.primary.process.kill('SIGKILL');
    await ended(this.primary.process, 5_000);
  }

  /** Promotes a replica while the primary lives. For a moment, the old primary still accepts writes. These writes are lost. */
  async switchPrimary(): Promise<void> {
    await connected(this.sentinels[0], this.ofSentinels, (client) => client.call('SENTINEL', 'FAILOVER', NAME));
  }

  /** Waits until every sentinel has configured the new primary, because this configuration closes connections a second time. */
  async failedOver(): Promise<void> {
    await until(
      async () => (await Promise.all(this.sentinels.map((sentinel) => isSettled(sentinel, this.primary, this.ofSentinels)))).every(Boolean),
      20_000,
    );
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await Promise.all(this.all.map(killed));
  }
}

/** Three primaries that share the slots. */
export class ClusterStore implements FleetStore {
  private constructor(
    readonly url: string,
    readonly client: Cluster,
    private readonly all: readonly RunningRedis[],
  ) {}

  static async start(home: string, { password, user, tls }: RedisSecurity = {}): Promise<ClusterStore> {
    const config = { 'cluster-enabled': 'yes', 'cluster-node-timeout': 2_000, ...(user && { user }), ...(tls && { 'tls-cluster': 'yes' }) };
    const all = await Promise.all(
      [1, 2, 3].map((number) => startRedis({ dir: join(home, `node-${number}`), appendonly: true, password, tls, config })),
    );
    const options = { password, ...(tls && { tls: trusting(tls) }) };
    const nodes = all.map(({ url }) => new Redis(url, options));
    const share = Math.ceil(SLOTS / nodes.length);
    for (const [index, node] of nodes.entries()) {
      await node.call('CLUSTER', 'ADDSLOTSRANGE', index * share, Math.min(SLOTS, (index + 1) * share) - 1);
      // Each node gets its own configuration epoch. Otherwise the nodes would first have to resolve conflicts of equal epochs.
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    for (const { port } of all.slice(1)) await nodes[0].call('CLUSTER', 'MEET', '127.0.0.1', port);
    await until(async () => {
      const infos = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'INFO')));
      return infos.every((info) => /cluster_state:ok/.test(String(info)) && /cluster_known_nodes:3/.test(String(info)));
    }, 15_000);
    for (const node of nodes) node.disconnect();
    const client = new Cluster(
      all.map(({ port }) => ({ host: '127.0.0.1', port })),
      { redisOptions: options },
    );
    client.on('error', () => {});
    return new ClusterStore(all.map(({ url }) => url).join(','), client, all);
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await Promise.all(this.all.map(killed));
  }
}

/**
 * Returns whether a sentinel knows both replicas and both other sentinels. As long as a sentinel does not know all of them, a failover by
 * this sentinel can fail.
 */
function knowsAll(sentinel: RunningRedis, security: RedisSecurity): Promise<boolean> {
  return connected(sentinel, security, async (client) => /slaves=2,sentinels=3/.test(await client.info('sentinel')));
}

/** Returns whether a sentinel reports a new primary, with `master` as its only flag. */
function isSettled(sentinel: RunningRedis, before: RunningRedis, security: RedisSecurity): Promise<boolean> {
  return connected(sentinel, security, async (client) => {
    const said = (await client.call('SENTINEL', 'MASTER', NAME)) as string[];
    const of = (field: string): string => said[said.indexOf(field) + 1];
    return of('port') !== String(before.port) && of('flags') === 'master';
  });
}

/**
 * Returns the lines of a sentinel's configuration about the other sentinels: the port on which it listens for them, and whether it uses
 * TLS. A sentinel uses the same TLS settings for the data nodes.
 */
function portForSentinels(port: number, tls: RedisSecurity['tls']): Record<string, string | number> {
  if (!tls) return { port, 'tls-replication': 'no' };
  return {
    'tls-port': port,
    'tls-ca-cert-file': `"${tls.ca}"`,
    'tls-cert-file': `"${tls.cert}"`,
    'tls-key-file': `"${tls.key}"`,
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
  };
}

/** Returns the options of a client that trusts the CA. The client does not check the host name in a certificate. */
function trusting({ ca }: { readonly ca: string }): { ca: Buffer; checkServerIdentity(): undefined } {
  return { ca: readFileSync(ca), checkServerIdentity: () => undefined };
}

async function connected<T>({ url }: RunningRedis, { tls }: RedisSecurity, act: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { ...(tls && { tls: trusting(tls) }) });
  try {
    return await act(client);
  } finally {
    client.disconnect();
  }
}

async function killed({ process }: RunningRedis): Promise<void> {
  process.kill('SIGKILL');
  await ended(process, 5_000);
}
