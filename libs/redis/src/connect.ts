import { type RedisOptions as ClientOptions, Cluster, type ClusterOptions, Redis } from 'ioredis';
import { setKeyPrefix } from './key-prefix.js';
import { COMMAND_TIMEOUT_MS_DEFAULT, LOADING_RETRY_MS, READONLY_RECONNECT_MS, RECONNECT_MS, type RedisOptions } from './redis.options.js';

/** One connection (or, in a Cluster, one set of connections). Both kinds accept the same commands. */
export type RedisClient = Redis | Cluster;

/**
 * Creates a client that never repeats a command: with the defaults of ioredis, a write whose reply was lost is executed twice. A
 * command that cannot be sent, or whose connection breaks, fails at once. The caller knows whether it may be repeated.
 */
export function connect({ url, commandTimeoutMs = COMMAND_TIMEOUT_MS_DEFAULT, prefix }: RedisOptions): RedisClient {
  // The watchdog's thread has modules of its own, and uses no `RedisModule`.
  if (prefix !== undefined) setKeyPrefix(prefix);
  const options: ClientOptions = {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // `PubSub` resubscribes instead. When ioredis does it and gets no reply, an unhandled rejection ends the process.
    autoResubscribe: false,
    commandTimeout: commandTimeoutMs,
    // Longer than the time of a command, so that a slow command fails with its own error before its connection is dropped.
    socketTimeout: commandTimeoutMs + 500,
    connectTimeout: commandTimeoutMs,
    retryStrategy: () => RECONNECT_MS,
    // While Redis loads its data, ioredis retries after the time that Redis estimates, up to this limit, in ms.
    maxLoadingRetryTime: LOADING_RETRY_MS,
    reconnectOnError: onReadOnly(),
    lazyConnect: true,
  };
  const target = parseRedisUrl(url);
  switch (target.kind) {
    case 'single':
      return new Redis(target.url, options);
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: target.sentinels,
        name: target.name,
        sentinelRetryStrategy: () => RECONNECT_MS,
        failoverDetector: true,
      });
    case 'cluster': {
      const clusterOptions: ClusterOptions = {
        redisOptions: { ...options, lazyConnect: undefined },
        enableOfflineQueue: false,
        lazyConnect: true,
        // Auto-pipelining would send commands of many rooms to a node at once. But it fails all of them unsent when slots move
        // (ioredis 5: "All keys in the pipeline should belong to the same slots allocation group").
        enableAutoPipelining: false,
        clusterRetryStrategy: () => RECONNECT_MS,
        retryDelayOnFailover: RECONNECT_MS,
        slotsRefreshTimeout: commandTimeoutMs,
      };
      return new Cluster(target.nodes, clusterOptions);
    }
  }
}

/**
 * A Redis that became a replica cannot be used, and behind a Sentinel another one is the primary. All commands of a connection
 * cause one reconnect, and at most one per second while the server stays a replica.
 */
function onReadOnly(): (error: Error) => 1 | false {
  let reconnectedAt = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    const now = performance.now();
    if (!message.startsWith('READONLY') || now - reconnectedAt < READONLY_RECONNECT_MS) return false;
    reconnectedAt = now;
    return 1;
  };
}

export type RedisTarget =
  | { readonly kind: 'single'; readonly url: string }
  | { readonly kind: 'sentinel'; readonly sentinels: { host: string; port: number }[]; readonly name: string }
  | { readonly kind: 'cluster'; readonly nodes: string[] };

/** @throws an error that names the allowed forms */
export function parseRedisUrl(url: string): RedisTarget {
  const allowed = 'redis://HOST:PORT, rediss://HOST:PORT, redis://A:PORT,redis://B:PORT,… (Cluster) or sentinel://HOST:PORT,HOST:PORT/NAME';
  const refuse = (): never => {
    throw new Error(`"${url.replace(/\/\/[^@/]*@/g, '//***@')}" is not a Redis URL; allowed: ${allowed}`);
  };
  if (url.startsWith('sentinel://')) {
    const [hosts, name] = url.slice('sentinel://'.length).split('/', 2);
    if (!hosts || !name) return refuse();
    return { kind: 'sentinel', name, sentinels: hosts.split(',').map((host) => hostAndPort(host) ?? refuse()) };
  }
  const urls = url.split(',').map((part) => part.trim());
  const nodes = urls.map((node, index) => (index > 0 && !node.includes('://') ? `redis://${node}` : node));
  for (const node of nodes) {
    if (!URL.canParse(node) || !['redis:', 'rediss:'].includes(new URL(node).protocol)) refuse();
  }
  return nodes.length === 1 ? { kind: 'single', url: nodes[0]! } : { kind: 'cluster', nodes };
}

function hostAndPort(text: string): { host: string; port: number } | null {
  const match = /^(.+):(\d+)$/.exec(text.trim());
  return match ? { host: match[1]!, port: Number(match[2]) } : null;
}
