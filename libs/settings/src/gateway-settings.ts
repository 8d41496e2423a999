import { flag, host, integer, list, oneOf, optionalSecret, optionalText, port, secret } from './setting.js';
import { group } from './setting-group.js';

/** What players and operators may do at a gateway, and who they are. */
export const GATEWAY_SETTINGS = {
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
      meaning:
        'messages of one connection, on average; more is `rate-limited`. A request counts as several, by its cost: `docs/protocol.md`',
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
      meaning:
        'connections from one address; a school or a company shares one, an attacker has a few. Also limits what they may ask of lobbies together: 8 messages a second for each, 20 at once',
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
    jwtAllowNoExp: flag('AUTH_JWT_ALLOW_NO_EXP', {
      fallback: false,
      meaning: 'accept tokens without `exp`; such a token works until its key is withdrawn, also for somebody who stole it',
    }),
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
