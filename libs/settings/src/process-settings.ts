import { hostname } from 'node:os';
import { flag, host, integer, oneOf, optionalText, port, secret, text } from './setting.js';
import { group } from './setting-group.js';

/** What every process is told: who it is, where the store, the others and its operators are, and how it judges them. */
export const PROCESS_SETTINGS = {
  server: group('every server', {
    name: text('SERVER_NAME', /^[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, dots, dashes and underscores', {
      fallback: () =>
        `${hostname()
          .replace(/[^A-Za-z0-9._-]/g, '-')
          .slice(0, 48)}-${process.pid}`,
      fallbackText: 'host name and pid',
      meaning: "the last part of the server's id (`hf:game:1`); a name that stays lets a restarted server replace its own record",
    }),
    build: text('SERVER_BUILD', /^[A-Za-z0-9._+-]{1,64}$/, '1 to 64 letters, digits, dots, dashes, plus signs and underscores', {
      fallback: 'dev',
      meaning: 'which build of the code runs here, for people who look at a fleet in the middle of a deploy, and for rooms that ask for it',
    }),
    region: optionalText('REGION', /^[A-Za-z0-9-]{1,32}$/, '1 to 32 letters, digits and dashes', {
      meaning: 'where the server stands: a room goes to game servers of the region it asks for, or of the gateway its player came by',
    }),
    canary: flag('CANARY', { fallback: false, meaning: 'on a game server: it takes only rooms that ask for its `SERVER_BUILD`' }),
    readyFile: optionalText('HOLDFAST_READY_FILE', /^.+$/, 'a path', {
      meaning: 'where the server writes its ports as JSON once it is ready; how `npm start` and tests learn ports that the system chose',
    }),
  }),

  redis: group('every server', {
    url: text(
      'REDIS_URL',
      redisUrl(),
      'redis://HOST:PORT, rediss://HOST:PORT, a comma-separated list of them (Cluster) or sentinel://HOST:PORT,…/NAME',
      {
        fallback: 'redis://127.0.0.1:6379',
        meaning: 'the one shared store',
      },
    ),
    commandTimeoutMs: integer('REDIS_COMMAND_TIMEOUT_MS', {
      from: 100,
      to: 60_000,
      fallback: 2_000,
      meaning: 'a reply that takes longer counts as lost; longer hides a dead connection, shorter mistakes a slow disk for one',
    }),
    durabilityReplicas: integer('DURABILITY_REPLICAS', {
      from: 0,
      to: 10,
      fallback: 0,
      meaning:
        "replicas that must have a change before a player is told (`WAIT`); 1 keeps every acknowledged move over a replica's promotion; not in a Cluster",
    }),
    durabilityTimeoutMs: integer('DURABILITY_TIMEOUT_MS', {
      from: 10,
      to: 60_000,
      fallback: 1_000,
      meaning: 'how long one `WAIT` may take before the append is asked for again',
    }),
  }),

  clock: group('every server', {
    offsetWarnMs: integer('CLOCK_OFFSET_WARN_MS', {
      from: 100,
      to: 86_400_000,
      fallback: 1_000,
      meaning: "a wall clock that is further than this from Redis' is reported (`server.clock-wrong`); games do not depend on it",
    }),
  }),

  link: group('every server', {
    host: host('LINK_HOST', { fallback: '127.0.0.1', meaning: 'where other servers reach this one: it listens there and says so' }),
    port: port('LINK_PORT', { fallback: 0, fallbackText: 'any free', meaning: 'its port' }),
    secret: secret('LINK_SECRET', 16, { meaning: 'shared by all servers; a link whose peer cannot prove it is refused' }),
    frameBytesMax: integer('LINK_FRAME_BYTES_MAX', {
      from: 65_536,
      to: 67_108_864,
      fallback: 4_194_304,
      meaning: "the longest frame between servers: a room's state and some more",
    }),
    tlsCert: optionalText('LINK_TLS_CERT', /^.+$/, 'a path', {
      meaning: 'file of the certificate of this server for others (PEM); with it links are TLS, on all servers of the fleet or on none',
    }),
    tlsKey: optionalText('LINK_TLS_KEY', /^.+$/, 'a path', { meaning: 'file of its key' }),
    tlsCa: optionalText('LINK_TLS_CA', /^.+$/, 'a path', {
      meaning: 'file of the certificate of who must have signed those of all servers; without it `LINK_SECRET` alone says who is one',
    }),
    handshakeTimeoutMs: integer('LINK_HANDSHAKE_TIMEOUT_MS', {
      from: 100,
      to: 60_000,
      fallback: 2_000,
      meaning: 'a peer that has not proved the secret by then is cut',
    }),
    handshakesMax: integer('LINK_HANDSHAKES_MAX', {
      from: 1,
      to: 100_000,
      fallback: 128,
      meaning: 'sockets at the link port that have proved nothing yet; with one more, the eldest is cut: a server takes milliseconds',
    }),
  }),

  ops: group('every server', {
    host: host('OPS_HOST', {
      fallback: '127.0.0.1',
      meaning: '`/livez`, `/readyz`, `/metrics`, admin API and dashboard; loopback unless told otherwise',
    }),
    port: port('OPS_PORT', {
      fallback: ({ type }) => (type === 'gateway' ? 7010 : 0),
      fallbackText: 'gateway 7010, else any free',
      meaning: 'their port',
    }),
    tlsCert: optionalText('OPS_TLS_CERT', /^.+$/, 'a path', { meaning: 'file of a certificate (PEM); with it that port is HTTPS' }),
    tlsKey: optionalText('OPS_TLS_KEY', /^.+$/, 'a path', { meaning: 'file of its key' }),
  }),

  log: group('every server', {
    level: oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
      fallback: 'info',
      meaning: 'the least that is worth a line',
    }),
    format: oneOf('LOG_FORMAT', ['pretty', 'json'], {
      fallback: ({ isTerminal }) => (isTerminal ? 'pretty' : 'json'),
      fallbackText: '`pretty` on a terminal, else `json`',
      meaning: 'lines for a person, or one JSON object a line',
    }),
  }),

  health: group('every server', {
    intervalMs: integer('HEALTH_INTERVAL_MS', { from: 100, to: 60_000, fallback: 1_000, meaning: 'time between two checks of a server' }),
    maxMisses: integer('HEALTH_MAX_MISSES', {
      from: 1,
      to: 100,
      fallback: 2,
      meaning: 'checks in a row that may go unanswered before a server is condemned',
    }),
    graceMs: integer('HEALTH_GRACE_MS', {
      from: 0,
      to: 600_000,
      fallback: 3_000,
      meaning: 'time after registering before misses count: a starting process is slow, not dead',
    }),
    holdMs: integer('HEALTH_HOLD_MS', {
      from: 0,
      to: 600_000,
      fallback: 10_000,
      meaning: 'when many would be condemned at once, how long each is asked on a second way before silence is its end',
    }),
    dryRun: flag('HEALTH_DRY_RUN', { fallback: false, meaning: 'decide and report, but evict nobody' }),
  }),
} as const;

/** A function, so that it can stand beneath the table that uses it. */
function redisUrl(): RegExp {
  const node = String.raw`(rediss?:\/\/)[^\s,]+`;
  return new RegExp(String.raw`^(${node}(\s*,\s*(${node}|[^\s,/]+:\d+))*|sentinel:\/\/[^\s,/]+:\d+(,[^\s,/]+:\d+)*\/[^\s/]+)$`);
}
