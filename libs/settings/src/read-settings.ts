import type { ServerType } from '#libs/protocol';
import { parseRedisUrl, type RedisTarget, redacted } from '#libs/redis-url';
import { readConfigurationFile, withConfigurationFile } from './configuration-file.js';
import { type GatewaySettings, SETTINGS, type SettingsOf } from './definitions.js';
import { type Environment, loadEnvironment } from './environment.js';
import { fileVariableOf, readSecretFile } from './secret-files.js';
import type { Context, Setting } from './setting.js';
import type { Group } from './setting-group.js';

/**
 * Reads the settings of a server from its environment and from the file that `HOLDFAST_CONFIG` names. Throws one `SettingsError` with every
 * wrong variable, so that an operator can correct all of them before the next start.
 */
export function readSettings<T extends ServerType>(type: T, given: Environment = loadEnvironment()): SettingsOf<T> {
  const file = readConfigurationFile(given);
  const environment = withConfigurationFile(given, file);
  const context: Context = { type, isTerminal: process.stdout.isTTY === true };
  const problems: string[] = [...file.problems];
  const settings: Record<string, Record<string, unknown>> = {};
  for (const [name, group] of Object.entries<Group>(SETTINGS)) {
    if (!group.servers.includes(type)) continue;
    settings[name] = {};
    for (const [key, setting] of Object.entries(group.settings)) {
      const result = readOne(setting, environment, context);
      if ('problem' in result) problems.push(result.problem);
      else settings[name][key] = result.value;
    }
    Object.freeze(settings[name]);
  }
  if (problems.length === 0) {
    const common = settings as unknown as SettingsOf<ServerType>;
    problems.push(...linkProblems(common), ...storeProblems(common), ...tlsProblems(settings as unknown as GatewaySettings));
  }
  if (problems.length === 0 && type === 'gateway') problems.push(...gatewayProblems(settings as unknown as GatewaySettings));
  if (problems.length > 0) throw new SettingsError(type, problems);
  return Object.freeze(settings) as SettingsOf<T>;
}

/** The error for a wrong environment. `problems` has one sentence for each wrong variable. */
export class SettingsError extends Error {
  constructor(
    type: ServerType,
    readonly problems: readonly string[],
  ) {
    super([`This ${type} cannot start: its settings are wrong.`, ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.name = 'SettingsError';
  }
}

/** Reads one setting. Returns its value, or a sentence that describes the error. */
export function readOne(setting: Setting<unknown>, environment: Environment, context: Context): { value: unknown } | { problem: string } {
  const { variable, schema, fallback, allowed } = setting;
  const file = readSecretFile(setting, environment);
  if (file && 'problem' in file) return file;
  // `NAME=` in a .env or compose file means "not set", as in `${NAME:-…}` of a shell.
  const written = file?.text ?? (environment[variable]?.trim() || undefined);
  if (written === undefined) {
    return fallback ? { value: fallback(context) } : { problem: `${variable} is not set and has no default: it must be ${allowed}` };
  }
  const parsed = schema.safeParse(written);
  if (parsed.success) return { value: parsed.data };
  if (file && written.trim() === '') {
    const name = fileVariableOf(setting);
    return { problem: `${name} is ${JSON.stringify(environment[name])}, which is empty: the file must contain ${allowed}` };
  }
  return { problem: `${variable} is ${shown(setting, written)}: it must be ${allowed}` };
}

function shown({ secret }: Setting<unknown>, written: string): string {
  if (secret) return `*** (${written.length} characters)`;
  const text = redacted(written);
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/**
 * Checks that a frame between servers can hold the state of a room. If such a frame were too large, the receiver would close the link, and
 * the messages of all other rooms on it would be lost.
 */
function linkProblems({ link, rooms }: SettingsOf<ServerType>): string[] {
  const least = rooms.stateBytesMax + LINK_FRAME_REST_BYTES;
  if (link.frameBytesMax >= least) return [];
  return [`LINK_FRAME_BYTES_MAX is ${link.frameBytesMax}: it must be at least ROOM_STATE_BYTES_MAX + ${LINK_FRAME_REST_BYTES} (${least})`];
}

type RedisSettings = SettingsOf<ServerType>['redis'];

/** Checks the address of Redis, and the settings that must fit it. */
function storeProblems({ redis }: SettingsOf<ServerType>): string[] {
  let target: RedisTarget;
  try {
    target = parseRedisUrl(redis.url);
  } catch (error) {
    return [(error as Error).message];
  }
  return [...replicaProblems(redis, target), ...storeLoginProblems(redis, target)];
}

/**
 * Refuses `DURABILITY_REPLICAS` with a Cluster. `WAIT` covers the writes of one connection to one node, but writes to a Cluster go to many
 * nodes.
 */
function replicaProblems(redis: RedisSettings, { kind }: RedisTarget): string[] {
  if (kind !== 'cluster' || redis.durabilityReplicas === 0) return [];
  return [
    `DURABILITY_REPLICAS is ${redis.durabilityReplicas}: it must be 0 when REDIS_URL is a Cluster. Waiting for replicas needs a single Redis or Sentinel`,
  ];
}

/** Checks that each part of the credentials for Redis comes from only one setting, and that each of these settings has an effect. */
function storeLoginProblems(redis: RedisSettings, { kind, login, isTls }: RedisTarget): string[] {
  const problems: string[] = [];
  const { user, password } = login;
  if (user !== undefined && redis.user !== null) problems.push('REDIS_USER is set: it must not be set when REDIS_URL names a user');
  const passwords = [
    ...(password === undefined ? [] : ['REDIS_URL']),
    ...(redis.password === null ? [] : ['REDIS_PASSWORD']),
    ...(redis.passwordFile === null ? [] : ['REDIS_PASSWORD_FILE']),
  ];
  if (passwords.length > 1) problems.push(`${passwords.join(' and ')} name a password: it must be only one of them`);
  if ((redis.user !== null || user !== undefined) && passwords.length === 0)
    problems.push('REDIS_PASSWORD is not set: it must be the password of the user, here or in REDIS_PASSWORD_FILE');
  if (redis.sentinelPassword !== null && redis.sentinelPasswordFile !== null)
    problems.push('REDIS_SENTINEL_PASSWORD and REDIS_SENTINEL_PASSWORD_FILE name a password: it must be only one of them');
  if (redis.sentinelUser !== null && redis.sentinelPassword === null && redis.sentinelPasswordFile === null)
    problems.push(
      'REDIS_SENTINEL_PASSWORD is not set: it must be the password of REDIS_SENTINEL_USER, here or in REDIS_SENTINEL_PASSWORD_FILE',
    );
  for (const [variable, isSet] of [
    ['REDIS_SENTINEL_USER', redis.sentinelUser !== null],
    ['REDIS_SENTINEL_PASSWORD', redis.sentinelPassword !== null],
    ['REDIS_SENTINEL_PASSWORD_FILE', redis.sentinelPasswordFile !== null],
    ['REDIS_SENTINEL_TLS', redis.sentinelTls],
  ] as const) {
    if (isSet && kind !== 'sentinel') problems.push(`${variable} is set: it must not be set unless REDIS_URL begins with sentinel://`);
  }
  // With REDIS_URL_FILE, the fleet may move from an address without TLS to one with TLS, and back.
  const usesTls = redis.tls || redis.sentinelTls || isTls || redis.urlFile !== null;
  for (const [variable, value] of [
    ['REDIS_TLS_CA', redis.tlsCa],
    ['REDIS_TLS_CERT', redis.tlsCert],
    ['REDIS_TLS_KEY', redis.tlsKey],
    ['REDIS_TLS_NAME', redis.tlsName],
  ] as const) {
    if (value !== null && !usesTls)
      problems.push(`${variable} is set: it must not be set without REDIS_TLS=true, rediss://, REDIS_SENTINEL_TLS=true or REDIS_URL_FILE`);
  }
  return problems;
}

/** Checks that each certificate is set together with its key. `edge`: the settings of the public port, which only a gateway has. */
function tlsProblems({ link, ops, redis, edge }: Pick<GatewaySettings, 'link' | 'ops' | 'redis'> & Partial<GatewaySettings>): string[] {
  const ports = [['LINK', link], ['OPS', ops], ['REDIS', redis], ...(edge ? ([['PUBLIC', edge]] as const) : [])] as const;
  const problems = ports.flatMap(([prefix, { tlsCert, tlsKey }]) => {
    if ((tlsCert === null) === (tlsKey === null)) return [];
    const [set, missing] = tlsCert === null ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
    return [`${prefix}_TLS_${missing} is not set: it must be the path that belongs to ${prefix}_TLS_${set}`];
  });
  if (link.tlsCa !== null && link.tlsCert === null)
    problems.push('LINK_TLS_CERT is not set: it must be a path, because LINK_TLS_CA needs it');
  return problems;
}

function gatewayProblems({ auth, scale, edge, link }: GatewaySettings): string[] {
  const problems: string[] = [];
  if (auth.kind === 'jwt' && !auth.jwtSecret && !auth.jwksUrl) {
    problems.push('AUTH is "jwt", which needs AUTH_JWT_SECRET or AUTH_JWKS_URL. Set one of them, or AUTH=guest to accept any name');
  }
  if (scale.downAtPercent >= scale.upAtPercent) {
    problems.push(`SCALE_DOWN_AT_PERCENT is ${scale.downAtPercent}: it must be less than SCALE_UP_AT_PERCENT (${scale.upAtPercent})`);
  }
  if (edge.port !== 0 && edge.port === edge.tcpPort) problems.push(`TCP_PORT is ${edge.tcpPort}: it must be another port than PUBLIC_PORT`);
  if (edge.proxyProtocol !== 'off' && edge.trustedProxies.length === 0)
    problems.push(
      `PROXY_PROTOCOL is "${edge.proxyProtocol}", which needs TRUSTED_PROXIES: the addresses of the proxies that send PROXY headers`,
    );
  if (edge.bytesBurst < edge.frameBytesMax) {
    problems.push(
      `BYTES_BURST is ${edge.bytesBurst}: it must be at least FRAME_BYTES_MAX (${edge.frameBytesMax}), or the largest frame could never be sent`,
    );
  }
  if (link.frameBytesMax < LINK_FRAME_TIMES * edge.frameBytesMax) {
    problems.push(
      `FRAME_BYTES_MAX is ${edge.frameBytesMax}: it must be at most a quarter of LINK_FRAME_BYTES_MAX (${link.frameBytesMax}), which must carry it to other servers`,
    );
  }
  return problems;
}

/** Space for the fields around a room's state in one frame between servers, in bytes. */
const LINK_FRAME_REST_BYTES = 16_384;
/**
 * Minimum size of a frame between servers, as a multiple of a player's frame. MessagePack can need more than twice the bytes of a message
 * in JSON, and a request to a lobby also contains the caller.
 */
const LINK_FRAME_TIMES = 4;
