/** The options with which a process reaches the one Redis of the fleet. */
export interface RedisOptions {
  /** The address: `redis://`, `rediss://`, a comma-separated list for Redis Cluster, or `sentinel://host:port,…/name`. */
  readonly url: string;
  /**
   * File with the address. While the process runs, `StoreMove` reads it repeatedly. When the address in it changes, the process moves to
   * the Redis at the new address.
   */
  readonly urlFile?: string | null;
  /** Name of the connections in `CLIENT LIST`: the id of the server, or, in the watchdog's thread, the name from `watchdogConnection`. */
  readonly name?: string;
  /** The credentials for the data nodes, instead of credentials in `url`. */
  readonly login?: RedisLogin;
  readonly tls?: RedisTls;
  /** The credentials and TLS for the sentinels, which can differ from those for the data nodes. */
  readonly sentinel?: { readonly login?: RedisLogin; readonly isTls?: boolean };
  /** First part of all keys and channels of this fleet (`REDIS_PREFIX`), see `redisName`. Default: `hf`. */
  readonly prefix?: string;
  /** Longest wait for a reply, in ms. The command then fails, although Redis may have executed it. */
  readonly commandTimeoutMs?: number;
  /** Number of replicas that must have a write before it is durable (`DURABILITY_REPLICAS`). Default: 0. */
  readonly replicas?: number;
  /** Time limit for one wait for the replicas, in ms. */
  readonly replicasTimeoutMs?: number;
}

export interface RedisLogin {
  readonly user?: string | null;
  readonly password?: string | null;
  /** File with the password. Each new connection reads it, so that the password can be changed while the process runs. */
  readonly passwordFile?: string | null;
}

/** Paths of PEM files with the certificates and the key. The process reads a file again when it changes. */
export interface RedisTls {
  /** True: connections to the data nodes use TLS. `rediss://` in the URL has the same effect. */
  readonly isOn?: boolean;
  readonly ca?: string | null;
  readonly cert?: string | null;
  readonly key?: string | null;
  /** The name that the certificates must contain, if it differs from the host in the address. */
  readonly name?: string | null;
}

export const COMMAND_TIMEOUT_MS_DEFAULT = 2_000;
/** Delay between two attempts to connect, in ms. It is short, so that a server soon notices when Redis is available again. */
export const RECONNECT_MS = 50;
export const LOADING_RETRY_MS = 250;
export const READONLY_RECONNECT_MS = 1_000;

/**
 * Name of the connection of the watchdog's thread, by the id of its server. The name differs from the name of the other connections,
 * because the thread moves to another Redis independently of the main thread. The name is unique, because a server name contains no slash.
 */
export function watchdogConnection(serverId: string): string {
  return `${serverId}/watchdog`;
}
