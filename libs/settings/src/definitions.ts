import { hostname } from 'node:os';
import type { ServerType } from '#libs/protocol';
import { flag, host, integer, list, oneOf, optionalSecret, optionalText, port, type Setting, secret, text } from './setting.js';

/**
 * Every setting there is. From this one table come the types, the checks at start, and the README's table: a new
 * setting is one entry here.
 */
export const SETTINGS = {
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

  placement: group('every server', {
    strategy: oneOf('PLACEMENT_STRATEGY', ['least-games', 'least-players', 'packed', 'random'], {
      fallback: 'least-games',
      meaning: 'which game server takes the next room; `packed` fills the fullest, so that others can be scaled in',
    }),
    claimMs: integer('PLACEMENT_CLAIM_MS', {
      from: 500,
      to: 300_000,
      fallback: 10_000,
      meaning: 'how long a reservation holds for a server that never takes the room',
    }),
    waitMs: integer('PLACEMENT_WAIT_MS', {
      from: 0,
      to: 60_000,
      fallback: 3_000,
      meaning: 'how long a start waits for a free game server before it is refused with `no-capacity`; 0 refuses at once',
    }),
    rampMs: integer('PLACEMENT_RAMP_MS', {
      from: 0,
      to: 600_000,
      fallback: 10_000,
      meaning: 'time in which a new, empty server is brought up to the level of the others, so that it is not flooded',
    }),
  }),

  rooms: group('every server', {
    stateBytesMax: integer('ROOM_STATE_BYTES_MAX', {
      from: 1_024,
      to: 16_777_216,
      fallback: 262_144,
      meaning: "a room's largest state, packed; a game that grows past it is refused the change",
    }),
    seatGraceMs: integer('SEAT_GRACE_MS', {
      from: 0,
      to: 86_400_000,
      fallback: 60_000,
      meaning: 'how long a seat is kept for a player who is away; a game may choose another time',
    }),
    idleMs: integer('ROOM_IDLE_MS', {
      from: 1_000,
      to: 86_400_000,
      fallback: 600_000,
      meaning: 'a room that nobody starts and nobody touches goes after this',
    }),
    orphanTtlMs: integer('ROOM_ORPHAN_TTL_MS', {
      from: 60_000,
      to: 2_592_000_000,
      fallback: 86_400_000,
      meaning: 'how long a game without any server to run it waits, paused, before it is given up',
    }),
    checkpointEveryChanges: integer('CHECKPOINT_EVERY_CHANGES', {
      from: 1,
      to: 100_000,
      fallback: 200,
      meaning: 'changes between two checkpoints of a room: fewer make recovery faster and play dearer',
    }),
    checkpointEveryMs: integer('CHECKPOINT_EVERY_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'a room that changes is checkpointed at least this often',
    }),
    listedMax: integer('ROOMS_LISTED_MAX', { from: 1, to: 10_000, fallback: 100, meaning: 'rooms in one answer of `rooms.list`' }),
  }),

  recovery: group('every server', {
    roomsAtOnce: integer('RECOVERY_ROOMS_AT_ONCE', {
      from: 1,
      to: 10_000,
      fallback: 64,
      meaning:
        'rooms of a dead server that one recoverer revives side by side: enough to keep Redis busy, few enough to leave room for play',
    }),
    migrationsAtOnce: integer('MIGRATIONS_AT_ONCE', {
      from: 1,
      to: 1_000,
      fallback: 16,
      meaning: 'rooms that one draining server moves side by side',
    }),
  }),

  game: group(['game'], {
    maxGames: integer('MAX_GAMES', { from: 1, to: 1_000_000, fallback: 1_000, meaning: 'rooms one game server takes' }),
    drainTimeoutMs: integer('DRAIN_TIMEOUT_MS', {
      from: 0,
      to: 3_600_000,
      fallback: 25_000,
      meaning: 'how long SIGTERM waits for rooms to move; below the 30 s after which orchestrators kill',
    }),
  }),

  match: group(['lobby'], {
    waitMs: integer('MATCH_WAIT_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'how long a player who looks for a match is kept in the queue',
    }),
  }),

  login: group(['gateway'], {
    second: oneOf('SECOND_LOGIN', ['takeover', 'refuse'], {
      fallback: 'takeover',
      meaning:
        'what becomes of a login by a user who is connected already: it ends that session, or is refused with `already-online`; a session without a connection never stands in the way, and a resume is always let in',
    }),
  }),

  session: group(['gateway', 'lobby'], {
    ttlMs: integer('SESSION_TTL_MS', {
      from: 10_000,
      to: 2_592_000_000,
      fallback: 3_600_000,
      meaning: 'how long a session without a connection can be resumed',
    }),
  }),

  edge: group(['gateway'], {
    host: host('PUBLIC_HOST', { fallback: '0.0.0.0', meaning: 'where players reach this gateway, over both ways' }),
    port: port('PUBLIC_PORT', { fallback: 7000, meaning: 'WebSocket and the player page' }),
    tcpPort: port('TCP_PORT', { fallback: 7001, meaning: 'raw TCP' }),
    tlsCert: optionalText('PUBLIC_TLS_CERT', /^.+$/, 'a path', {
      meaning: 'file of the certificate for players (PEM, with its chain); with it both ways in are TLS: `wss://`, `https://`, `tls://`',
    }),
    tlsKey: optionalText('PUBLIC_TLS_KEY', /^.+$/, 'a path', { meaning: 'file of its key; both are read again when they change' }),
    allowedOrigins: list(
      'ALLOWED_ORIGINS',
      /^(\*|https?:\/\/[^/\s]+)$/,
      'origins such as https://play.example.org, comma-separated, or *',
      {
        fallback: [],
        fallbackText: 'none but own',
        meaning: 'browser origins that may connect',
      },
    ),
    helloTimeoutMs: integer('HELLO_TIMEOUT_MS', {
      from: 100,
      to: 600_000,
      fallback: 5_000,
      meaning: 'a connection that has not said hello by then is closed',
    }),
    connectionTimeoutMs: integer('CONNECTION_TIMEOUT_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 30_000,
      meaning: 'silence after which a connection is dead; clients are pinged well before',
    }),
    frameBytesMax: integer('FRAME_BYTES_MAX', {
      from: 256,
      to: 4_194_304,
      fallback: 16_384,
      meaning: 'the longest frame a player may send; checked before one byte of it is kept',
    }),
    messagesPerSecond: integer('MESSAGES_PER_SECOND', {
      from: 1,
      to: 1_000_000,
      fallback: 100,
      meaning: 'messages of one connection, on average; more is `rate-limited`',
    }),
    messagesBurst: integer('MESSAGES_BURST', {
      from: 1,
      to: 1_000_000,
      fallback: 200,
      meaning: 'messages at once: a client that resumes sends what it kept',
    }),
    bytesPerSecond: integer('BYTES_PER_SECOND', {
      from: 256,
      to: 1_073_741_824,
      fallback: 131_072,
      meaning: 'bytes of one connection, on average',
    }),
    bytesBurst: integer('BYTES_BURST', { from: 256, to: 1_073_741_824, fallback: 524_288, meaning: 'bytes at once' }),
    connectionsMax: integer('CONNECTIONS_MAX', {
      from: 1,
      to: 1_000_000,
      fallback: 20_000,
      meaning: 'connections of one gateway: what its memory and file descriptors hold',
    }),
    connectionsPerAddress: integer('CONNECTIONS_PER_ADDRESS', {
      from: 1,
      to: 1_000_000,
      fallback: 256,
      meaning: 'connections from one address; a school or a company shares one, an attacker has a few',
    }),
    connectionsWindowMs: integer('CONNECTIONS_WINDOW_MS', {
      from: 1_000,
      to: 600_000,
      fallback: 10_000,
      meaning: 'an address may open `CONNECTIONS_PER_ADDRESS` connections in this time: one that comes and goes leaves a session each time',
    }),
    hellosPendingMax: integer('HELLOS_PENDING_MAX', {
      from: 1,
      to: 1_000_000,
      fallback: 2_000,
      meaning:
        'sockets of one gateway that have not said hello (handshakes and visitors of the page count): strangers cost little and never all there is',
    }),
    httpTimeoutMs: integer('HTTP_TIMEOUT_MS', {
      from: 100,
      to: 600_000,
      fallback: 10_000,
      meaning: 'a request to the public port that is not whole by then is closed; one whose answer nobody reads, after twice that',
    }),
    watchersPerRoom: integer('WATCHERS_PER_ROOM', {
      from: 0,
      to: 1_000_000,
      fallback: 1_000,
      meaning: 'watchers of one room at one gateway: each costs its owner a frame a change',
    }),
    backlogBytesMax: integer('BACKLOG_BYTES_MAX', {
      from: 16_384,
      to: 67_108_864,
      fallback: 262_144,
      meaning: 'unsent bytes of a connection above which its room sends it no more until it has read',
    }),
    backlogTimeoutMs: integer('BACKLOG_TIMEOUT_MS', {
      from: 1_000,
      to: 600_000,
      fallback: 15_000,
      meaning: 'a connection that stays behind for longer is closed with `too-slow`; its session can resume',
    }),
  }),

  auth: group(['gateway'], {
    kind: oneOf('AUTH', ['guest', 'jwt'], {
      fallback: 'jwt',
      fallbackText: '`guest` under `npm start`, else `jwt`',
      meaning: '`guest` gives any name a user; `jwt` verifies a token with one of the next two',
    }),
    jwtSecret: optionalSecret('AUTH_JWT_SECRET', 32, { meaning: 'the shared secret of HS256 tokens' }),
    jwksUrl: optionalText('AUTH_JWKS_URL', /^https?:\/\/\S+$/, 'a URL that begins with https:// or http://', {
      meaning: "where the issuer's public keys are",
    }),
    jwtIssuer: optionalText('AUTH_JWT_ISSUER', /^.+$/, 'text', { meaning: "what a token's `iss` must be" }),
    jwtAudience: optionalText('AUTH_JWT_AUDIENCE', /^.+$/, 'text', { meaning: "what a token's `aud` must hold" }),
  }),

  admin: group(['gateway'], {
    token: secret('ADMIN_TOKEN', 16, { meaning: 'bearer token of the admin API; `npm start` makes one' }),
  }),

  scale: group(['gateway'], {
    upAtPercent: integer('SCALE_UP_AT_PERCENT', {
      from: 1,
      to: 100,
      fallback: 75,
      meaning: 'of the slots taken: above it more game servers are wanted',
    }),
    downAtPercent: integer('SCALE_DOWN_AT_PERCENT', {
      from: 0,
      to: 99,
      fallback: 40,
      meaning: 'of the slots taken: below it fewer are wanted',
    }),
    windowMs: integer('SCALE_WINDOW_MS', {
      from: 0,
      to: 3_600_000,
      fallback: 120_000,
      meaning: 'how long fewer must have been enough before fewer are wanted',
    }),
  }),
} as const;

/** What a server of this type is given: each group that concerns it, and no other. */
export type SettingsOf<T extends ServerType> = {
  readonly [G in keyof Groups as T extends Groups[G]['servers'][number] ? G : never]: Values<Groups[G]['settings']>;
};

export type GatewaySettings = SettingsOf<'gateway'>;
export type LobbySettings = SettingsOf<'lobby'>;
export type GameSettings = SettingsOf<'game'>;

type Groups = typeof SETTINGS;
type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** Settings that are read, and used, together; `servers` are those that need them. */
export interface Group<Servers extends readonly ServerType[] = readonly ServerType[], S = Readonly<Record<string, Setting<unknown>>>> {
  readonly servers: Servers;
  readonly settings: S;
}

function group<S extends Readonly<Record<string, Setting<unknown>>>>(
  servers: 'every server',
  settings: S,
): Group<readonly ['gateway', 'lobby', 'game'], S>;
function group<const Servers extends readonly ServerType[], S extends Readonly<Record<string, Setting<unknown>>>>(
  servers: Servers,
  settings: S,
): Group<Servers, S>;
function group(servers: 'every server' | readonly ServerType[], settings: Readonly<Record<string, Setting<unknown>>>): Group {
  return { servers: servers === 'every server' ? ['gateway', 'lobby', 'game'] : servers, settings };
}

/** A function, so that it can stand beneath the table that uses it. */
function redisUrl(): RegExp {
  const node = String.raw`(rediss?:\/\/)[^\s,]+`;
  return new RegExp(String.raw`^(${node}(\s*,\s*(${node}|[^\s,/]+:\d+))*|sentinel:\/\/[^\s,/]+:\d+(,[^\s,/]+:\d+)*\/[^\s/]+)$`);
}
