import { type RedisOptions as ClientOptions, Cluster, type ClusterOptions, Redis } from 'ioredis';
import { addressOf } from '#libs/redis-url';
import { setKeyPrefix } from './key-prefix.js';
import { COMMAND_TIMEOUT_MS_DEFAULT, LOADING_RETRY_MS, READONLY_RECONNECT_MS, RECONNECT_MS, type RedisOptions } from './redis.options.js';
import { RedisAccess } from './redis-access.js';

/** A connection to one node, or a set of connections to a Cluster. Both kinds accept the same commands. */
export type RedisClient = Redis | Cluster;

/**
 * Creates a client that never repeats a command. With the defaults of ioredis, a write whose reply was lost could run twice. A command that
 * cannot be sent, or whose connection breaks, fails immediately. The caller decides whether to repeat the command.
 *
 * @throws an error that names the wrong setting
 */
export function connect(redis: RedisOptions, access = new RedisAccess(redis)): RedisClient {
  const { commandTimeoutMs = COMMAND_TIMEOUT_MS_DEFAULT, prefix } = redis;
  // Sets the prefix for the thread of the watchdog, because that thread loads its own copy of this code, without the prefix of
  // `RedisModule`.
  if (prefix !== undefined) setKeyPrefix(prefix);
  const options: ClientOptions = {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // ioredis must not subscribe again after a reconnect, because `PubSub` does so. If ioredis did so, too, and got no reply, an unhandled
    // rejection would end the process.
    autoResubscribe: false,
    commandTimeout: commandTimeoutMs,
    // This limit is longer than the time limit of a command, so that a slow command fails with its own error before ioredis closes the
    // connection.
    socketTimeout: commandTimeoutMs + 500,
    connectTimeout: commandTimeoutMs,
    retryStrategy: () => RECONNECT_MS,
    // Longest delay before ioredis retries while Redis loads its data, in ms. Redis itself estimates the delay.
    maxLoadingRetryTime: LOADING_RETRY_MS,
    reconnectOnError: onReadOnly(),
    lazyConnect: true,
    ...(redis.name !== undefined && { connectionName: redis.name }),
  };
  const { target } = access;
  switch (target.kind) {
    case 'single':
      return follow(logIn(new Redis(target.url, options), access), access);
    case 'sentinel': {
      const client = new Redis({
        ...options,
        sentinels: [...target.sentinels],
        name: target.name,
        sentinelRetryStrategy: () => RECONNECT_MS,
        sentinelCommandTimeout: commandTimeoutMs,
        failoverDetector: true,
        // Sentinels announce other sentinels. ioredis connects to the announced ones with TLS exactly when the data nodes use TLS. These
        // connections would hang if only the sentinels or only the data nodes used TLS, so ioredis then ignores the announcements.
        updateSentinels: (access.tls === undefined) === (access.sentinelTls === undefined),
        enableTLSForSentinelMode: access.tls !== undefined,
      });
      return logIn(client, access);
    }
    case 'cluster': {
      const clusterOptions: ClusterOptions = {
        redisOptions: { ...options, lazyConnect: undefined },
        enableOfflineQueue: false,
        lazyConnect: true,
        // Auto-pipelining is off. When slots move, ioredis 5 would fail all commands of a pipeline without sending them ("All keys in the
        // pipeline should belong to the same slots allocation group").
        enableAutoPipelining: false,
        clusterRetryStrategy: () => RECONNECT_MS,
        retryDelayOnFailover: RECONNECT_MS,
        slotsRefreshTimeout: commandTimeoutMs,
      };
      const cluster = new Cluster([...target.nodes], clusterOptions);
      // A Cluster also has nodes that the URL does not name. ioredis emits `+node` for each node before it opens the connection, so each
      // node gets the credentials.
      cluster.on('+node', (node: Redis) => logIn(node, access));
      return cluster;
    }
  }
}

/** Makes ioredis read the address from `access` again for each new connection, because the address can change. */
function follow(client: Redis, access: RedisAccess): Redis {
  const current = (field: 'host' | 'port'): PropertyDescriptor => ({
    get: () => addressOf(new URL(access.target.kind === 'single' ? access.target.url : ''))[field],
    enumerable: true,
    configurable: true,
  });
  Object.defineProperties(client.options, { host: current('host'), port: current('port') });
  return client;
}

/** ioredis reads these options at each (re)connection, also for connections to sentinels and for the subscriber of a Cluster. */
function logIn(client: Redis, access: RedisAccess): Redis {
  const current = <T>(get: () => T): PropertyDescriptor => ({ get, enumerable: true, configurable: true });
  Object.defineProperties(client.options, {
    username: current(() => access.credentials.user),
    password: current(() => access.credentials.password),
    tls: current(() => access.tls),
    sentinelUsername: current(() => access.sentinelCredentials.user),
    sentinelPassword: current(() => access.sentinelCredentials.password),
    sentinelTLS: current(() => access.sentinelTls),
  });
  surviveErrors(client);
  return client;
}

/**
 * A TLS stream can emit a second error, for example an alert of the peer after the refusal of its certificate. ioredis listens only to the
 * first error, and the second error would end the process.
 */
function surviveErrors(client: Redis): void {
  const { connector } = client as unknown as { connector: { connect(emit: unknown): Promise<Redis['stream']> } };
  const open = connector.connect.bind(connector);
  connector.connect = async (emit) => {
    const stream = await open(emit);
    return stream.on('error', () => {});
  };
}

/**
 * Returns a `reconnectOnError` function. The function makes ioredis reconnect after a READONLY error, at most once per second. The node has
 * then become a replica, and another node is possibly the primary.
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
