import type { RedisOptions } from '#libs/redis';
import type { SettingsOf } from '#libs/settings';

/**
 * The options of `RedisModule` from the settings of a server. `name`: the id of the server. The options are plain data, so that a thread
 * can receive them.
 */
export function redisOptions(redis: SettingsOf<'game'>['redis'], name?: string): RedisOptions {
  const { user, password, passwordFile, sentinelUser, sentinelPassword, sentinelPasswordFile } = redis;
  return {
    url: redis.url,
    urlFile: redis.urlFile,
    ...(name !== undefined && { name }),
    login: { user, password, passwordFile },
    tls: { isOn: redis.tls, ca: redis.tlsCa, cert: redis.tlsCert, key: redis.tlsKey, name: redis.tlsName },
    sentinel: {
      login: { user: sentinelUser, password: sentinelPassword, passwordFile: sentinelPasswordFile },
      isTls: redis.sentinelTls,
    },
    prefix: redis.prefix,
    commandTimeoutMs: redis.commandTimeoutMs,
    replicas: redis.durabilityReplicas,
    replicasTimeoutMs: redis.durabilityTimeoutMs,
  };
}
