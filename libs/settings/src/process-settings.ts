import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { flag, host, integer, list, oneOf, optionalSecret, optionalText, port, secrets, text } from './setting.js';
import { group } from './setting-group.js';

/**
 * The random end of the default server name. Processes in containers can have the same host name and pid, and two servers with one name
 * would replace each other.
 */
const SUFFIX = randomBytes(3).toString('hex');

/** The settings of every process: its identity, its ports, Redis, links, logs and health checks. */
export const PROCESS_SETTINGS = {
  server: group('every server', {
    name: text('SERVER_NAME', /^[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, dots, dashes and underscores', {
      fallback: () =>
        `${hostname()
          .replace(/[^A-Za-z0-9._-]/g, '-')
          .slice(0, 48)}-${SUFFIX}`,
      fallbackText: 'host name and six random digits',
      meaning: "Last part of the server's id (`hf:game:1`). With a fixed name a restarted server replaces its own record.",
    }),
    build: text('SERVER_BUILD', /^[A-Za-z0-9._+-]{1,64}$/, '1 to 64 letters, digits, dots, dashes, plus signs and underscores', {
      fallback: 'dev',
      meaning: 'Name of the build that runs here: shown to operators, and used by rooms that ask for a build.',
    }),
    region: optionalText('REGION', /^[A-Za-z0-9-]{1,32}$/, '1 to 32 letters, digits and dashes', {
      meaning: "Region of this server. A room prefers game servers of the region that it asks for, or of its player's gateway.",
    }),
    canary: flag('CANARY', { fallback: false, meaning: 'A game server with `true` takes only rooms that ask for its `SERVER_BUILD`.' }),
    extensions: list('EXTENSIONS', /^\S.*$/, 'paths of JavaScript files', {
      fallback: [],
      fallbackText: 'none',
      meaning:
        'Files with Nest modules of your own, each exported as `default`, such as `dist/extensions/accounts.module.js`. They add an authenticator, a strategy and other extensions: `extending.md`.',
    }),
    readyFile: optionalText('HOLDFAST_READY_FILE', /^.+$/, 'a path', {
      meaning:
        'File into which the server writes its ports as JSON when it is ready. `npm start` and tests read ports that the system chose from it.',
    }),
  }),

  redis: group('every server', {
    url: text(
      'REDIS_URL',
      redisUrl(),
      'redis://HOST:PORT, rediss://HOST:PORT, a comma-separated list of them (Cluster) or sentinel://HOST:PORT,…/NAME',
      {
        fallback: 'redis://127.0.0.1:6379',
        meaning:
          'The shared Redis. A user and password may stand before the first host (`redis://USER:PASSWORD@HOST`); they then belong to all nodes with data.',
      },
    ),
    urlFile: optionalText('REDIS_URL_FILE', /^.+$/, 'a path', {
      meaning:
        'File with the value of `REDIS_URL`, instead of that variable. When its content changes, a running fleet moves to another Redis (`operations.md`).',
    }),
    user: optionalText('REDIS_USER', /^\S{1,256}$/, 'the name of a user without blanks', {
      meaning: 'User of the ACL of Redis. Without it, the password is that of the user `default`.',
    }),
    password: optionalSecret('REDIS_PASSWORD', 1, { meaning: 'Password of Redis, instead of one in `REDIS_URL`.' }),
    passwordFile: optionalText('REDIS_PASSWORD_FILE', /^.+$/, 'a path', {
      meaning:
        'File with the password of Redis. It is read for each connection, so the password may change while the server runs (`operations.md`).',
    }),
    tls: flag('REDIS_TLS', {
      fallback: false,
      meaning: 'TLS to Redis; `rediss://` in `REDIS_URL` has the same effect. With Sentinel: to the nodes with data.',
    }),
    tlsCa: optionalText('REDIS_TLS_CA', /^.+$/, 'a path', {
      meaning: 'File of the certificates that must have signed those of Redis and of the sentinels (PEM). Without it Node decides.',
    }),
    tlsCert: optionalText('REDIS_TLS_CERT', /^.+$/, 'a path', {
      meaning: 'File of the certificate of this server for Redis and the sentinels (PEM), when they require one.',
    }),
    tlsKey: optionalText('REDIS_TLS_KEY', /^.+$/, 'a path', { meaning: 'File of the key of that certificate.' }),
    tlsName: optionalText('REDIS_TLS_NAME', /^[A-Za-z0-9._-]{1,253}$/, 'a host name', {
      meaning:
        'Name that the certificates of Redis and of the sentinels must contain. Without it, each must contain the host of its address. Use it when a Cluster or Sentinel announces addresses that the certificates do not contain.',
    }),
    sentinelUser: optionalText('REDIS_SENTINEL_USER', /^\S{1,256}$/, 'the name of a user without blanks', {
      meaning: 'User of the ACL of the sentinels.',
    }),
    sentinelPassword: optionalSecret('REDIS_SENTINEL_PASSWORD', 1, {
      meaning: 'Password of the sentinels. They have no password unless it is set here.',
    }),
    sentinelPasswordFile: optionalText('REDIS_SENTINEL_PASSWORD_FILE', /^.+$/, 'a path', {
      meaning: 'File with the password of the sentinels. It is read for each connection.',
    }),
    sentinelTls: flag('REDIS_SENTINEL_TLS', { fallback: false, meaning: 'TLS to the sentinels.' }),
    prefix: text(
      'REDIS_PREFIX',
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/,
      '1 to 32 letters, digits, dots, dashes and underscores, and the first one a letter or digit',
      {
        fallback: 'hf',
        meaning:
          'First part of all keys and channels in Redis, and of the ids of all servers. Fleets with different prefixes may share one Redis. It must be the same on all servers of a fleet.',
      },
    ),
    commandTimeoutMs: integer('REDIS_COMMAND_TIMEOUT_MS', {
      from: 100,
      to: 60_000,
      fallback: 2_000,
      meaning:
        'Time after which a command without a reply counts as failed. A long time hides a dead connection; a short time mistakes a slow disk for one.',
    }),
    durabilityReplicas: integer('DURABILITY_REPLICAS', {
      from: 0,
      to: 10,
      fallback: 0,
      meaning:
        'Replicas that must have a change before its player gets the acknowledgement (`WAIT`). With 1, acknowledged commands survive the promotion of a replica. Must be 0 with a Cluster.',
    }),
    durabilityTimeoutMs: integer('DURABILITY_TIMEOUT_MS', {
      from: 10,
      to: 60_000,
      fallback: 1_000,
      meaning: 'Timeout of one `WAIT`. The owner then sends the append again.',
    }),
  }),

  clock: group('every server', {
    offsetWarnMs: integer('CLOCK_OFFSET_WARN_MS', {
      from: 100,
      to: 86_400_000,
      fallback: 1_000,
      meaning:
        'The server logs `server.clock-wrong` when the wall clock of its host differs from the clock of Redis by more than this. Games do not depend on the wall clock.',
    }),
  }),

  link: group('every server', {
    host: host('LINK_HOST', {
      fallback: '127.0.0.1',
      meaning: 'Address on which the server listens for other servers, and which it registers for them.',
    }),
    port: port('LINK_PORT', { fallback: 0, fallbackText: 'any free', meaning: 'Port for other servers.' }),
    secrets: secrets(
      'LINK_SECRET',
      { charactersMin: 16, count: 4 },
      {
        meaning:
          'Secret that all servers share. A server refuses a link whose peer cannot prove it. With several, one common secret of two servers is sufficient, so a fleet changes its secret without a stop (`operations.md`).',
      },
    ),
    frameBytesMax: integer('LINK_FRAME_BYTES_MAX', {
      from: 65_536,
      to: 67_108_864,
      fallback: 4_194_304,
      meaning: 'Maximum length of a frame between servers. It must fit the state of a room.',
    }),
    tlsCert: optionalText('LINK_TLS_CERT', /^.+$/, 'a path', {
      meaning: 'File of the certificate of this server for other servers (PEM). With it links use TLS; set it on all servers or on none.',
    }),
    tlsKey: optionalText('LINK_TLS_KEY', /^.+$/, 'a path', { meaning: 'File of the key of that certificate.' }),
    tlsCa: optionalText('LINK_TLS_CA', /^.+$/, 'a path', {
      meaning:
        'File of the certificate that must have signed the certificates of all servers. Without it `LINK_SECRET` alone identifies a server.',
    }),
    handshakeTimeoutMs: integer('LINK_HANDSHAKE_TIMEOUT_MS', {
      from: 100,
      to: 60_000,
      fallback: 2_000,
      meaning: 'The server closes a link whose peer has not proved the secret within this time.',
    }),
    handshakesMax: integer('LINK_HANDSHAKES_MAX', {
      from: 1,
      to: 100_000,
      fallback: 128,
      meaning:
        'Maximum number of sockets at the link port that have not proved the secret. One more closes the oldest; a server needs milliseconds for its proof.',
    }),
  }),

  ops: group('every server', {
    host: host('OPS_HOST', {
      fallback: '127.0.0.1',
      meaning: 'Address for `/livez`, `/readyz`, `/metrics`, the admin API and the dashboard.',
    }),
    port: port('OPS_PORT', {
      fallback: ({ type }) => (type === 'gateway' ? 7010 : 0),
      fallbackText: 'gateway 7010, else any free',
      meaning: 'Port for the same.',
    }),
    tlsCert: optionalText('OPS_TLS_CERT', /^.+$/, 'a path', {
      meaning: 'File of the certificate of the ops port (PEM). With it the port uses HTTPS.',
    }),
    tlsKey: optionalText('OPS_TLS_KEY', /^.+$/, 'a path', { meaning: 'File of the key of that certificate.' }),
  }),

  log: group('every server', {
    level: oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
      fallback: 'info',
      meaning: 'Lowest level that is logged.',
    }),
    format: oneOf('LOG_FORMAT', ['pretty', 'json'], {
      fallback: ({ isTerminal }) => (isTerminal ? 'pretty' : 'json'),
      fallbackText: '`pretty` on a terminal, else `json`',
      meaning: '`pretty` writes lines for people, `json` one JSON object a line.',
    }),
    lifeLinesPerSecond: integer('LOG_LIFE_LINES_PER_SECOND', {
      from: 0,
      to: 100_000,
      fallback: 100,
      meaning:
        'Maximum number of `info` lines per second about the life of rooms, sessions and players (`operations.md`). The line `life.left-out` has the number of lines above it. 0: none.',
    }),
  }),

  tracing: group('every server', {
    endpoint: optionalText('OTEL_EXPORTER_OTLP_ENDPOINT', /^https?:\/\/\S+$/, 'an http:// or https:// URL', {
      meaning:
        'Base URL of an OpenTelemetry receiver (OTLP over HTTP), such as `http://127.0.0.1:4318`. Without it, the server traces nothing.',
    }),
    samplePercent: integer('TRACE_SAMPLE_PERCENT', {
      from: 0,
      to: 100,
      fallback: 1,
      meaning:
        'Share of the commands and requests of players that a gateway traces, in percent. Recoveries and moves by operators are always traced.',
    }),
  }),

  health: group('every server', {
    intervalMs: integer('HEALTH_INTERVAL_MS', { from: 100, to: 60_000, fallback: 1_000, meaning: 'Time between two checks of a server.' }),
    maxMisses: integer('HEALTH_MAX_MISSES', {
      from: 1,
      to: 100,
      fallback: 2,
      meaning: 'Number of consecutive checks without an answer after which a server is condemned.',
    }),
    graceMs: integer('HEALTH_GRACE_MS', {
      from: 0,
      to: 600_000,
      fallback: 3_000,
      meaning: 'Time after the registration of a server in which misses do not count, because a starting process is slow.',
    }),
    holdMs: integer('HEALTH_HOLD_MS', {
      from: 0,
      to: 600_000,
      fallback: 10_000,
      meaning: 'When many servers would be condemned at once: time for which each is also checked over its link before silence counts.',
    }),
    dryRun: flag('HEALTH_DRY_RUN', { fallback: false, meaning: 'Reports verdicts and evicts no server.' }),
  }),
} as const;

/**
 * Returns the pattern of `REDIS_URL`. This is a function and not a constant, because the table above uses it before this line is reached.
 */
function redisUrl(): RegExp {
  const node = String.raw`(rediss?:\/\/)[^\s,]+`;
  return new RegExp(String.raw`^(${node}(\s*,\s*(${node}|[^\s,/]+:\d+))*|sentinel:\/\/[^\s,/]+:\d+(,[^\s,/]+:\d+)*\/[^\s/]+)$`);
}
