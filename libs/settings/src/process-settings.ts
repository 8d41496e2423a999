import { hostname } from 'node:os';
import { flag, host, integer, oneOf, optionalText, port, secret, text } from './setting.js';
import { group } from './setting-group.js';

/** Settings of every process: its identity, the addresses of Redis, other servers and operators, and its health checks. */
export const PROCESS_SETTINGS = {
  server: group('every server', {
    name: text('SERVER_NAME', /^[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, dots, dashes and underscores', {
      fallback: () =>
        `${hostname()
          .replace(/[^A-Za-z0-9._-]/g, '-')
          .slice(0, 48)}-${process.pid}`,
      fallbackText: 'host name and pid',
      meaning: "the last part of the server's id (`hf:game:1`). With a fixed name, a restarted server replaces its own record",
    }),
    build: text('SERVER_BUILD', /^[A-Za-z0-9._+-]{1,64}$/, '1 to 64 letters, digits, dots, dashes, plus signs and underscores', {
      fallback: 'dev',
      meaning: 'the build of the code: shown to operators during a deployment, and used for rooms that request a build',
    }),
    region: optionalText('REGION', /^[A-Za-z0-9-]{1,32}$/, '1 to 32 letters, digits and dashes', {
      meaning:
        'the region of the server. A room is placed in the region that it requests, or preferably in that of the gateway of its player',
    }),
    canary: flag('CANARY', { fallback: false, meaning: 'for a game server: accept only rooms that request its `SERVER_BUILD`' }),
    readyFile: optionalText('HOLDFAST_READY_FILE', /^.+$/, 'a path', {
      meaning:
        'file to which the server writes its ports as JSON once it is ready. `npm start` and tests use it to learn ports that the system chose',
    }),
  }),

  redis: group('every server', {
    url: text(
      'REDIS_URL',
      redisUrl(),
      'redis://HOST:PORT, rediss://HOST:PORT, a comma-separated list of them (Cluster) or sentinel://HOST:PORT,…/NAME',
      {
        fallback: 'redis://127.0.0.1:6379',
        meaning: 'the one Redis that all servers share',
      },
    ),
    commandTimeoutMs: integer('REDIS_COMMAND_TIMEOUT_MS', {
      from: 100,
      to: 60_000,
      fallback: 2_000,
      meaning:
        'a reply that takes longer counts as lost. A larger value hides a dead connection; a smaller one mistakes a slow disk for one',
    }),
    durabilityReplicas: integer('DURABILITY_REPLICAS', {
      from: 0,
      to: 10,
      fallback: 0,
      meaning:
        'number of replicas that must have a change before it is acknowledged (`WAIT`). With 1, acknowledged moves survive the promotion of a replica. Not available in a Cluster',
    }),
    durabilityTimeoutMs: integer('DURABILITY_TIMEOUT_MS', {
      from: 10,
      to: 60_000,
      fallback: 1_000,
      meaning: 'how long one `WAIT` may take before the append is repeated',
    }),
  }),

  clock: group('every server', {
    offsetWarnMs: integer('CLOCK_OFFSET_WARN_MS', {
      from: 100,
      to: 86_400_000,
      fallback: 1_000,
      meaning: "a wall clock that differs from Redis' by more than this is reported (`server.clock-wrong`). Games do not depend on it",
    }),
  }),

  link: group('every server', {
    host: host('LINK_HOST', {
      fallback: '127.0.0.1',
      meaning: 'the address for other servers: this server listens there and publishes it',
    }),
    port: port('LINK_PORT', { fallback: 0, fallbackText: 'any free', meaning: 'port for other servers' }),
    secret: secret('LINK_SECRET', 16, {
      meaning: 'shared by all servers. A link is refused when its peer cannot prove that it has the secret',
    }),
    frameBytesMax: integer('LINK_FRAME_BYTES_MAX', {
      from: 65_536,
      to: 67_108_864,
      fallback: 4_194_304,
      meaning: "the longest frame between servers: a room's state and some overhead",
    }),
    tlsCert: optionalText('LINK_TLS_CERT', /^.+$/, 'a path', {
      meaning:
        'file of the certificate of this server for links (PEM). With it, links use TLS. Set it on all servers of the fleet or on none',
    }),
    tlsKey: optionalText('LINK_TLS_KEY', /^.+$/, 'a path', { meaning: 'file of its key' }),
    tlsCa: optionalText('LINK_TLS_CA', /^.+$/, 'a path', {
      meaning:
        'file of the CA certificate that must have signed the certificates of all servers. Without it, only `LINK_SECRET` authenticates servers',
    }),
    handshakeTimeoutMs: integer('LINK_HANDSHAKE_TIMEOUT_MS', {
      from: 100,
      to: 60_000,
      fallback: 2_000,
      meaning: 'a peer that has not proved the secret within this time is disconnected',
    }),
    handshakesMax: integer('LINK_HANDSHAKES_MAX', {
      from: 1,
      to: 100_000,
      fallback: 128,
      meaning:
        'unauthenticated sockets at the link port. One more closes the oldest, because a real server authenticates within milliseconds',
    }),
  }),

  ops: group('every server', {
    host: host('OPS_HOST', {
      fallback: '127.0.0.1',
      meaning: 'the address for `/livez`, `/readyz`, `/metrics`, admin API and dashboard',
    }),
    port: port('OPS_PORT', {
      fallback: ({ type }) => (type === 'gateway' ? 7010 : 0),
      fallbackText: 'gateway 7010, else any free',
      meaning: 'their port',
    }),
    tlsCert: optionalText('OPS_TLS_CERT', /^.+$/, 'a path', { meaning: 'file of a certificate (PEM). With it, the ops port uses HTTPS' }),
    tlsKey: optionalText('OPS_TLS_KEY', /^.+$/, 'a path', { meaning: 'file of its key' }),
  }),

  log: group('every server', {
    level: oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
      fallback: 'info',
      meaning: 'the lowest level that is logged',
    }),
    format: oneOf('LOG_FORMAT', ['pretty', 'json'], {
      fallback: ({ isTerminal }) => (isTerminal ? 'pretty' : 'json'),
      fallbackText: '`pretty` on a terminal, else `json`',
      meaning: '`pretty` for people, or one JSON object per line',
    }),
  }),

  health: group('every server', {
    intervalMs: integer('HEALTH_INTERVAL_MS', { from: 100, to: 60_000, fallback: 1_000, meaning: 'time between two checks of a server' }),
    maxMisses: integer('HEALTH_MAX_MISSES', {
      from: 1,
      to: 100,
      fallback: 2,
      meaning: 'number of consecutive unanswered checks after which a server is condemned',
    }),
    graceMs: integer('HEALTH_GRACE_MS', {
      from: 0,
      to: 600_000,
      fallback: 3_000,
      meaning: 'time after the registration in which missed checks do not count: a starting process is slow, not dead',
    }),
    holdMs: integer('HEALTH_HOLD_MS', {
      from: 0,
      to: 600_000,
      fallback: 10_000,
      meaning: 'when many servers would be condemned at once: how long each is also checked over its link before it is evicted',
    }),
    dryRun: flag('HEALTH_DRY_RUN', { fallback: false, meaning: 'decide and report, but do not evict any server' }),
  }),
} as const;

/** A function instead of a constant, so that it can be defined after the table that uses it. */
function redisUrl(): RegExp {
  const node = String.raw`(rediss?:\/\/)[^\s,]+`;
  return new RegExp(String.raw`^(${node}(\s*,\s*(${node}|[^\s,/]+:\d+))*|sentinel:\/\/[^\s,/]+:\d+(,[^\s,/]+:\d+)*\/[^\s/]+)$`);
}
