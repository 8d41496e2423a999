/**
 * @typedef {import('#libs/settings').SETTINGS} Settings
 * @typedef {{ servers: string, variable: string, fallback: string, allowed: string, meaning: string }} Row
 * @typedef {{ title: string, about?: string, variables: readonly string[] }} Purpose
 */

/** The settings that an operator sets first. Only these are in the README. */
export const FIRST_SETTINGS = [
  'REDIS_URL',
  'LINK_SECRET',
  'ADMIN_TOKEN',
  'AUTH',
  'AUTH_JWKS_URL',
  'SERVER_NAME',
  'LINK_HOST',
  'PUBLIC_TLS_CERT',
  'DURABILITY_REPLICAS',
  'MAX_GAMES',
];

/** The purposes of settings. A test checks that every setting belongs to exactly one purpose. @type {readonly Purpose[]} */
export const PURPOSES = [
  {
    title: 'Name a server',
    variables: ['SERVER_NAME', 'SERVER_BUILD', 'REGION', 'CANARY', 'EXTENSIONS', 'HOLDFAST_READY_FILE'],
  },
  {
    title: 'Connect to Redis and choose how safe a change is',
    about: 'The table of promises in the README says what each kind of Redis survives.',
    variables: [
      'REDIS_URL',
      'REDIS_URL_FILE',
      'REDIS_USER',
      'REDIS_PASSWORD',
      'REDIS_PASSWORD_FILE',
      'REDIS_TLS',
      'REDIS_TLS_CA',
      'REDIS_TLS_CERT',
      'REDIS_TLS_KEY',
      'REDIS_TLS_NAME',
      'REDIS_SENTINEL_USER',
      'REDIS_SENTINEL_PASSWORD',
      'REDIS_SENTINEL_PASSWORD_FILE',
      'REDIS_SENTINEL_TLS',
      'REDIS_PREFIX',
      'REDIS_COMMAND_TIMEOUT_MS',
      'DURABILITY_REPLICAS',
      'DURABILITY_TIMEOUT_MS',
    ],
  },
  {
    title: 'Connect the servers with each other',
    variables: [
      'LINK_HOST',
      'LINK_PORT',
      'LINK_SECRET',
      'LINK_TLS_CERT',
      'LINK_TLS_KEY',
      'LINK_TLS_CA',
      'LINK_FRAME_BYTES_MAX',
      'LINK_HANDSHAKE_TIMEOUT_MS',
      'LINK_HANDSHAKES_MAX',
    ],
  },
  {
    title: 'Let players connect',
    variables: [
      'PUBLIC_HOST',
      'PUBLIC_PORT',
      'TCP_PORT',
      'PUBLIC_TLS_CERT',
      'PUBLIC_TLS_KEY',
      'ALLOWED_ORIGINS',
      'TRUSTED_PROXIES',
      'FORWARDED_HEADERS',
      'PROXY_PROTOCOL',
      'DRAIN_DELAY_MS',
    ],
  },
  {
    title: 'Identify players',
    variables: [
      'AUTH',
      'AUTH_JWT_SECRET',
      'AUTH_JWKS_URL',
      'AUTH_JWT_ISSUER',
      'AUTH_JWT_AUDIENCE',
      'AUTH_JWT_CLAIMS',
      'AUTH_JWT_ALLOW_NO_EXP',
      'SECOND_LOGIN',
      'SESSION_TTL_MS',
    ],
  },
  {
    title: 'Limit what players may do',
    about: '[protocol.md](protocol.md#limits) says what a client sees at each limit.',
    variables: [
      'HELLO_TIMEOUT_MS',
      'CONNECTION_TIMEOUT_MS',
      'HTTP_TIMEOUT_MS',
      'FRAME_BYTES_MAX',
      'MESSAGES_PER_SECOND',
      'MESSAGES_BURST',
      'BYTES_PER_SECOND',
      'BYTES_BURST',
      'CONNECTIONS_MAX',
      'CONNECTIONS_PER_ADDRESS',
      'CONNECTIONS_WINDOW_MS',
      'HELLOS_PENDING_MAX',
      'WATCHERS_PER_ROOM',
      'BACKLOG_BYTES_MAX',
      'BACKLOG_TIMEOUT_MS',
    ],
  },
  {
    title: 'Run chats',
    variables: ['CHAT_KEPT', 'CHAT_TTL_MS', 'CHAT_PER_MINUTE', 'CHAT_BURST', 'CHAT_MODERATION_MS'],
  },
  {
    title: 'Size rooms and decide how long they live',
    variables: [
      'ROOM_STATE_BYTES_MAX',
      'SEAT_GRACE_MS',
      'ROOM_IDLE_MS',
      'ROOM_ORPHAN_TTL_MS',
      'ROOMS_LISTED_MAX',
      'MATCH_WAIT_MS',
      'RATING_GUEST_TTL_MS',
      'RATING_TTL_MS',
      'CHECKPOINT_EVERY_CHANGES',
      'CHECKPOINT_EVERY_MS',
    ],
  },
  {
    title: 'Distribute rooms over game servers',
    about: '[placement.md](placement.md) describes the strategies.',
    variables: ['MAX_GAMES', 'PLACEMENT_STRATEGY', 'PLACEMENT_CLAIM_MS', 'PLACEMENT_WAIT_MS', 'PLACEMENT_RAMP_MS'],
  },
  {
    title: 'Stop games that run too long',
    variables: ['HANDLER_SLOW_MS', 'HANDLER_LIMIT_MS', 'HANDLER_MEMORY_MB', 'EFFECT_WARN_MS'],
  },
  {
    title: 'Find dead servers and recover their rooms',
    variables: [
      'HEALTH_INTERVAL_MS',
      'HEALTH_MAX_MISSES',
      'HEALTH_GRACE_MS',
      'HEALTH_HOLD_MS',
      'HEALTH_DRY_RUN',
      'RECOVERY_ROOMS_AT_ONCE',
      'MIGRATIONS_AT_ONCE',
      'DRAIN_TIMEOUT_MS',
    ],
  },
  {
    title: 'Operate and scale the fleet',
    variables: [
      'ADMIN_TOKEN',
      'VIEWER_TOKEN',
      'SERVICE_TOKEN',
      'OPS_HOST',
      'OPS_PORT',
      'OPS_TLS_CERT',
      'OPS_TLS_KEY',
      'SCALE_UP_AT_PERCENT',
      'SCALE_DOWN_AT_PERCENT',
      'SCALE_WINDOW_MS',
      'LOG_LEVEL',
      'LOG_FORMAT',
      'LOG_LIFE_LINES_PER_SECOND',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'TRACE_SAMPLE_PERCENT',
      'CLOCK_OFFSET_WARN_MS',
    ],
  },
];

/** Pure: returns the whole of `docs/settings.md`. @param {Settings} settings */
export function settingsPage(settings) {
  const sections = PURPOSES.map(({ title, about, variables }) =>
    [`## ${title}`, ...(about ? [about] : []), settingsTable(settings, variables)].join('\n\n'),
  );
  return `${[HEAD, '## The ten that matter first', settingsTable(settings, FIRST_SETTINGS), ...sections].join('\n\n')}\n`;
}

/** Pure: returns the whole of `docs/settings.schema.json`. @param {Readonly<Record<string, unknown>>} schema */
export function schemaFile(schema) {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Pure: returns a table with these settings. @param {Settings} settings @param {readonly string[]} variables */
export function settingsTable(settings, variables) {
  const rows = new Map(rowsOf(settings).map((row) => [row.variable, row]));
  return [
    '| variable | read by | default | allowed | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...variables.map((variable) => {
      const row = rows.get(variable);
      if (!row) throw new Error(`${variable} is listed in tools/docs/settings-page.mjs, but no such setting exists`);
      const cells = [`\`${variable}\``, row.servers, row.fallback, row.allowed, row.meaning];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    }),
  ].join('\n');
}

/** Pure: returns a row for every setting. @param {Settings} settings @returns {Row[]} */
export function rowsOf(settings) {
  return Object.values(settings).flatMap(({ servers, settings }) =>
    Object.values(settings).map((setting) => ({
      servers: servers.length === 3 ? 'all' : servers.join(', '),
      variable: setting.variable,
      fallback: fallbackOf(setting),
      allowed: setting.allowed,
      meaning: setting.meaning,
    })),
  );
}

/** @param {{ fallback?: (context: { type: 'game', isTerminal: boolean }) => unknown, fallbackText?: string }} setting */
function fallbackOf({ fallback, fallbackText }) {
  if (fallbackText !== undefined) return fallbackText;
  if (!fallback) return 'none: must be set';
  return `\`${String(fallback({ type: 'game', isTerminal: false }))}\``;
}

const HEAD = `# Settings

<!-- Generated by \`npm run docs:settings\` from libs/settings and tools/docs/settings-page.mjs. Do not edit. -->

All settings are environment variables. A server reads them once, at its start. A wrong value stops the start with the
name, the value and what is allowed. In development a server also reads \`.env\`. Times are in milliseconds where the name
ends in \`_MS\`.

\`HOLDFAST_CONFIG\` may name a file with settings: a JSON object whose keys are these names. Numbers, \`true\` and \`false\` have no
quotation marks, and a list is a list of JSON:

\`\`\`json
{
  "$schema": "./node_modules/@holdfast/server/settings.schema.json",
  "MAX_GAMES": 500,
  "HEALTH_DRY_RUN": true,
  "ALLOWED_ORIGINS": ["https://play.example.org"]
}
\`\`\`

With \`$schema\`, an editor completes the names, shows their meaning and marks errors; the path is relative to the file.
\`holdfast config --schema\` prints the same schema. A variable of the environment wins over the file. Unknown names, wrong values and
secrets in the file stop the start; the name of the file of a secret (\`ADMIN_TOKEN_FILE\`) is allowed. It is another file than
\`holdfast.config.json\`, which describes a project.

A secret may be in a file: \`LINK_SECRET_FILE\` names the file of \`LINK_SECRET\`, and so on. A server warns of variables that look like a
misspelled setting (\`setting.unknown\`). \`holdfast config\` checks all settings and the files that they name, without a connection to anything. It names each wrong one with the allowed values, and prints them with \`--print\`, without secrets.`;
