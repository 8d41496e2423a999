import { flag, host, integer, list, oneOf, optionalSecret, optionalText, port, secret } from './setting.js';
import { group } from './setting-group.js';

/** The rights and limits of players and operators at a gateway, and how they authenticate. */
export const GATEWAY_SETTINGS = {
  login: group(['gateway'], {
    second: oneOf('SECOND_LOGIN', ['takeover', 'refuse'], {
      fallback: 'takeover',
      meaning:
        'what happens when a connected user logs in again: `takeover` ends the old session, `refuse` answers `already-online`. A session without a connection never blocks a login, and a resume is always accepted',
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
    host: host('PUBLIC_HOST', { fallback: '0.0.0.0', meaning: 'the address for players, for WebSocket and TCP' }),
    port: port('PUBLIC_PORT', { fallback: 7000, meaning: 'WebSocket and the player page' }),
    tcpPort: port('TCP_PORT', { fallback: 7001, meaning: 'raw TCP' }),
    tlsCert: optionalText('PUBLIC_TLS_CERT', /^.+$/, 'a path', {
      meaning: 'file of the certificate for players (PEM, with its chain). With it, both ports use TLS: `wss://`, `https://`, `tls://`',
    }),
    tlsKey: optionalText('PUBLIC_TLS_KEY', /^.+$/, 'a path', { meaning: 'file of its key. Both files are read again when they change' }),
    allowedOrigins: list(
      'ALLOWED_ORIGINS',
      /^(\*|https?:\/\/[^/\s]+)$/,
      'origins such as https://play.example.org, comma-separated, or *',
      {
        fallback: [],
        fallbackText: 'only its own',
        meaning: 'browser origins that may connect',
      },
    ),
    helloTimeoutMs: integer('HELLO_TIMEOUT_MS', {
      from: 100,
      to: 600_000,
      fallback: 5_000,
      meaning: 'a connection that sends no hello within this time is closed',
    }),
    connectionTimeoutMs: integer('CONNECTION_TIMEOUT_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 30_000,
      meaning: 'silence after which a connection counts as dead. Clients are pinged much earlier',
    }),
    frameBytesMax: integer('FRAME_BYTES_MAX', {
      from: 256,
      to: 4_194_304,
      fallback: 16_384,
      meaning: 'the longest frame of a player. Checked before any byte of the frame is stored',
    }),
    messagesPerSecond: integer('MESSAGES_PER_SECOND', {
      from: 1,
      to: 1_000_000,
      fallback: 100,
      meaning:
        'average messages per second of one connection. More are refused with `rate-limited`. A request counts as several messages, by its cost: `docs/protocol.md`',
    }),
    messagesBurst: integer('MESSAGES_BURST', {
      from: 1,
      to: 1_000_000,
      fallback: 200,
      meaning: 'messages in a burst: a client that resumes sends all its unanswered commands',
    }),
    bytesPerSecond: integer('BYTES_PER_SECOND', {
      from: 256,
      to: 1_073_741_824,
      fallback: 131_072,
      meaning: 'average bytes per second of one connection',
    }),
    bytesBurst: integer('BYTES_BURST', { from: 256, to: 1_073_741_824, fallback: 524_288, meaning: 'bytes in a burst' }),
    connectionsMax: integer('CONNECTIONS_MAX', {
      from: 1,
      to: 1_000_000,
      fallback: 20_000,
      meaning: 'connections of one gateway, limited by its memory and file descriptors',
    }),
    connectionsPerAddress: integer('CONNECTIONS_PER_ADDRESS', {
      from: 1,
      to: 1_000_000,
      fallback: 256,
      meaning:
        'connections from one address. A school or a company shares one address; an attacker has a few. It also limits their requests to lobbies in total: 8 messages a second per connection, 20 in a burst',
    }),
    connectionsWindowMs: integer('CONNECTIONS_WINDOW_MS', {
      from: 1_000,
      to: 600_000,
      fallback: 10_000,
      meaning:
        'an address may open `CONNECTIONS_PER_ADDRESS` connections within this time, because each new connection may leave a session',
    }),
    hellosPendingMax: integer('HELLOS_PENDING_MAX', {
      from: 1,
      to: 1_000_000,
      fallback: 2_000,
      meaning:
        'sockets of one gateway that have sent no hello yet, including handshakes and visitors of the page. Other places stay free for players',
    }),
    httpTimeoutMs: integer('HTTP_TIMEOUT_MS', {
      from: 100,
      to: 600_000,
      fallback: 10_000,
      meaning:
        'an HTTP request to the public port must be complete within this time, or its connection is closed. Its answer must be read within twice this time',
    }),
    watchersPerRoom: integer('WATCHERS_PER_ROOM', {
      from: 0,
      to: 1_000_000,
      fallback: 1_000,
      meaning: 'spectators of one room at one gateway. Each costs the owner one frame per change',
    }),
    backlogBytesMax: integer('BACKLOG_BYTES_MAX', {
      from: 16_384,
      to: 67_108_864,
      fallback: 262_144,
      meaning: 'number of unsent bytes above which a room stops sending to a connection until the client has read them',
    }),
    backlogTimeoutMs: integer('BACKLOG_TIMEOUT_MS', {
      from: 1_000,
      to: 600_000,
      fallback: 15_000,
      meaning: 'a connection that is behind for longer is closed with `too-slow`. Its session can resume',
    }),
  }),

  auth: group(['gateway'], {
    kind: oneOf('AUTH', ['guest', 'jwt'], {
      fallback: 'jwt',
      fallbackText: '`guest` under `npm start`, else `jwt`',
      meaning: '`guest` accepts any name; `jwt` verifies a token with `AUTH_JWT_SECRET` or `AUTH_JWKS_URL`',
    }),
    jwtSecret: optionalSecret('AUTH_JWT_SECRET', 32, { meaning: 'the shared secret of HS256 tokens' }),
    jwksUrl: optionalText('AUTH_JWKS_URL', /^https?:\/\/\S+$/, 'a URL that begins with https:// or http://', {
      meaning: "the URL of the issuer's public keys",
    }),
    jwtIssuer: optionalText('AUTH_JWT_ISSUER', /^.+$/, 'text', { meaning: 'the required `iss` of a token' }),
    jwtAudience: optionalText('AUTH_JWT_AUDIENCE', /^.+$/, 'text', { meaning: 'the required `aud` of a token' }),
    jwtAllowNoExp: flag('AUTH_JWT_ALLOW_NO_EXP', {
      fallback: false,
      meaning: 'accept tokens without `exp`. Such a token works until its key is withdrawn, also for a thief',
    }),
  }),

  admin: group(['gateway'], {
    token: secret('ADMIN_TOKEN', 16, { meaning: 'bearer token of the admin API. `npm start` generates one' }),
  }),

  scale: group(['gateway'], {
    upAtPercent: integer('SCALE_UP_AT_PERCENT', {
      from: 1,
      to: 100,
      fallback: 75,
      meaning: 'percentage of used slots above which more game servers are wanted',
    }),
    downAtPercent: integer('SCALE_DOWN_AT_PERCENT', {
      from: 0,
      to: 99,
      fallback: 40,
      meaning: 'percentage of used slots below which fewer game servers are wanted',
    }),
    windowMs: integer('SCALE_WINDOW_MS', {
      from: 0,
      to: 3_600_000,
      fallback: 120_000,
      meaning: 'how long fewer game servers must have been enough before fewer are wanted',
    }),
  }),
} as const;
