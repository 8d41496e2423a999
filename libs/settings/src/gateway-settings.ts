import { flag, host, integer, list, networks, oneOf, optionalSecret, optionalText, port, tokens } from './setting.js';
import { group } from './setting-group.js';

/** The settings of a gateway: logins, limits and ports of players, and access of operators. */
export const GATEWAY_SETTINGS = {
  login: group(['gateway'], {
    second: oneOf('SECOND_LOGIN', ['takeover', 'refuse'], {
      fallback: 'takeover',
      meaning:
        'Decides about a login by a user who is connected already. `takeover` ends the other session; `refuse` answers `already-online`. A session without a connection never prevents a login, and a resume is always accepted.',
    }),
  }),

  session: group(['gateway', 'lobby'], {
    ttlMs: integer('SESSION_TTL_MS', {
      from: 10_000,
      to: 2_592_000_000,
      fallback: 3_600_000,
      meaning: 'Time for which a session without a connection can be resumed.',
    }),
  }),

  edge: group(['gateway'], {
    host: host('PUBLIC_HOST', { fallback: '0.0.0.0', meaning: 'Address on which the gateway listens for players, for WebSocket and TCP.' }),
    port: port('PUBLIC_PORT', { fallback: 7000, meaning: 'Port for WebSocket and the page for players.' }),
    tcpPort: port('TCP_PORT', { fallback: 7001, meaning: 'Port for raw TCP.' }),
    tlsCert: optionalText('PUBLIC_TLS_CERT', /^.+$/, 'a path', {
      meaning: 'File of the certificate for players (PEM, with its chain). With it both ports use TLS: `wss://`, `https://`, `tls://`.',
    }),
    tlsKey: optionalText('PUBLIC_TLS_KEY', /^.+$/, 'a path', {
      meaning: 'File of the key of that certificate. The gateway reads both files again when they change.',
    }),
    allowedOrigins: list(
      'ALLOWED_ORIGINS',
      /^(\*|null|file:\/\/|(?!file:)[a-z][a-z0-9+.-]*:\/\/[^/\s?#@]+)$/i,
      'origins such as https://play.example.org or capacitor://localhost, without a path, null, file://, or *',
      {
        fallback: [],
        fallbackText: 'none but own',
        meaning:
          'Origins of pages and apps from which a browser may connect, in addition to the page of the gateway. `null` is the origin of sandboxed frames and of some apps; any site can have it.',
      },
    ),
    trustedProxies: networks('TRUSTED_PROXIES', {
      fallback: [],
      fallbackText: 'none',
      meaning:
        'Proxies before the gateway. Only from them it believes a PROXY header and the headers of `FORWARDED_HEADERS`: the address to which limits apply, and the host for which the page of the gateway may connect.',
    }),
    forwardedHeaders: oneOf('FORWARDED_HEADERS', ['x-forwarded', 'forwarded'], {
      fallback: 'x-forwarded',
      meaning:
        'The headers that the trusted proxies set: `x-forwarded` for `X-Forwarded-For` and `X-Forwarded-Host`, `forwarded` for `Forwarded` (RFC 7239). The gateway ignores the others, because a proxy may pass them on as a client wrote them.',
    }),
    proxyProtocol: oneOf('PROXY_PROTOCOL', ['off', 'tcp', 'websocket', 'both'], {
      fallback: 'off',
      meaning:
        'The ports on which every connection of a trusted proxy begins with a PROXY header, version 1 or 2: `TCP_PORT`, `PUBLIC_PORT` or both. Needs `TRUSTED_PROXIES`.',
    }),
    drainDelayMs: integer('DRAIN_DELAY_MS', {
      from: 0,
      to: 600_000,
      fallback: 0,
      meaning:
        'Time after SIGTERM in which the gateway is not ready, but still accepts players. Set it above the time in which the load balancer notices that the gateway is not ready.',
    }),
    helloTimeoutMs: integer('HELLO_TIMEOUT_MS', {
      from: 100,
      to: 600_000,
      fallback: 5_000,
      meaning: 'The gateway closes a connection that has not sent `hello` within this time.',
    }),
    connectionTimeoutMs: integer('CONNECTION_TIMEOUT_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 30_000,
      meaning: 'The gateway closes a connection that has been silent for this time. Clients send a ping well before.',
    }),
    frameBytesMax: integer('FRAME_BYTES_MAX', {
      from: 256,
      to: 4_194_304,
      fallback: 16_384,
      meaning: 'Maximum length of a frame from a player. The gateway checks it before it stores any byte of the frame.',
    }),
    messagesPerSecond: integer('MESSAGES_PER_SECOND', {
      from: 1,
      to: 1_000_000,
      fallback: 100,
      meaning:
        'Messages of one connection, on average; more are `rate-limited`. A request counts as several messages, by its cost: `docs/protocol.md`.',
    }),
    messagesBurst: integer('MESSAGES_BURST', {
      from: 1,
      to: 1_000_000,
      fallback: 200,
      meaning: 'Messages of one connection at once. A client that resumes sends all its unanswered commands.',
    }),
    bytesPerSecond: integer('BYTES_PER_SECOND', {
      from: 256,
      to: 1_073_741_824,
      fallback: 131_072,
      meaning: 'Bytes of one connection, on average.',
    }),
    bytesBurst: integer('BYTES_BURST', { from: 256, to: 1_073_741_824, fallback: 524_288, meaning: 'Bytes of one connection at once.' }),
    connectionsMax: integer('CONNECTIONS_MAX', {
      from: 1,
      to: 1_000_000,
      fallback: 20_000,
      meaning: 'Maximum number of connections of one gateway. Set it by its memory and file descriptors.',
    }),
    connectionsPerAddress: integer('CONNECTIONS_PER_ADDRESS', {
      from: 1,
      to: 1_000_000,
      fallback: 256,
      meaning:
        'Connections from one IP address; many players of a school or company share one. The address may also cause 8 messages a second to lobbies for each of them, and 20 at once.',
    }),
    connectionsWindowMs: integer('CONNECTIONS_WINDOW_MS', {
      from: 1_000,
      to: 600_000,
      fallback: 10_000,
      meaning:
        'Time in which one address may open `CONNECTIONS_PER_ADDRESS` connections, because each one that comes and goes leaves a session.',
    }),
    hellosPendingMax: integer('HELLOS_PENDING_MAX', {
      from: 1,
      to: 1_000_000,
      fallback: 2_000,
      meaning: 'Maximum number of sockets of one gateway that have not sent `hello`. Handshakes and requests for the page count.',
    }),
    httpTimeoutMs: integer('HTTP_TIMEOUT_MS', {
      from: 100,
      to: 600_000,
      fallback: 10_000,
      meaning:
        'The gateway closes a request to the public port that is not complete within this time. It closes an answer that nobody reads after twice this time.',
    }),
    watchersPerRoom: integer('WATCHERS_PER_ROOM', {
      from: 0,
      to: 1_000_000,
      fallback: 1_000,
      meaning: 'Maximum number of spectators of one room at one gateway. Each costs the owner of the room one frame for each change.',
    }),
    backlogBytesMax: integer('BACKLOG_BYTES_MAX', {
      from: 16_384,
      to: 67_108_864,
      fallback: 262_144,
      meaning: 'Unsent bytes of a connection above which it gets no more frames of its room until it has read them.',
    }),
    backlogTimeoutMs: integer('BACKLOG_TIMEOUT_MS', {
      from: 1_000,
      to: 600_000,
      fallback: 15_000,
      meaning: 'The gateway closes a connection with `too-slow` when it stays behind for this time. Its session can resume.',
    }),
  }),

  auth: group(['gateway'], {
    kind: oneOf('AUTH', ['guest', 'jwt', 'extension'], {
      fallback: 'jwt',
      fallbackText: '`guest` under `npm start`, else `jwt`',
      meaning:
        '`guest` accepts any name without proof; `jwt` verifies a token with `AUTH_JWT_SECRET` or `AUTH_JWKS_URL`; `extension` requires an authenticator of your own (`extending.md`).',
    }),
    jwtSecret: optionalSecret('AUTH_JWT_SECRET', 32, { meaning: 'Shared secret of HS256 tokens.' }),
    jwksUrl: optionalText('AUTH_JWKS_URL', /^https?:\/\/\S+$/, 'a URL that begins with https:// or http://', {
      meaning: 'URL of the public keys of the issuer (JWKS).',
    }),
    jwtIssuer: optionalText('AUTH_JWT_ISSUER', /^.+$/, 'text', { meaning: 'Required value of `iss` in a token.' }),
    jwtAudience: optionalText('AUTH_JWT_AUDIENCE', /^.+$/, 'text', { meaning: 'Required entry of `aud` in a token.' }),
    jwtClaims: list('AUTH_JWT_CLAIMS', /^[!-+\--~]{1,64}$/, 'names of claims', {
      fallback: [],
      fallbackText: 'none',
      meaning:
        'Claims of a token that games and matchmaking get, as `room.seats[i].claims`. Together at most 1024 bytes of JSON; a token with more is refused.',
    }),
    jwtAllowNoExp: flag('AUTH_JWT_ALLOW_NO_EXP', {
      fallback: false,
      meaning: 'Accepts tokens without `exp`. Such a token works until its key is withdrawn, also for a thief.',
    }),
  }),

  admin: group(['gateway'], {
    tokens: tokens('ADMIN_TOKEN', 16, {
      meaning:
        'Bearer tokens of operators for the admin API, newest first. The name of a token is the actor in the audit log. `npm start` generates one token.',
    }),
    viewerTokens: tokens('VIEWER_TOKEN', 16, {
      fallback: [],
      fallbackText: 'none',
      meaning: 'Bearer tokens of viewers for the admin API, in the same form. A viewer may only read.',
    }),
  }),

  service: group(['lobby'], {
    token: optionalSecret('SERVICE_TOKEN', 16, {
      meaning: 'Bearer token of the service API on the ops port of lobbies (`extending.md`). Without it, the API is off.',
    }),
  }),

  scale: group(['gateway'], {
    upAtPercent: integer('SCALE_UP_AT_PERCENT', {
      from: 1,
      to: 100,
      fallback: 75,
      meaning: 'Share of the slots in use above which more game servers are wanted.',
    }),
    downAtPercent: integer('SCALE_DOWN_AT_PERCENT', {
      from: 0,
      to: 99,
      fallback: 40,
      meaning: 'Share of the slots in use below which fewer game servers are wanted.',
    }),
    windowMs: integer('SCALE_WINDOW_MS', {
      from: 0,
      to: 3_600_000,
      fallback: 120_000,
      meaning: 'Time for which fewer game servers must have been enough before fewer are wanted.',
    }),
  }),
} as const;
