import { PORT_OFFSETS, PORT_STEP } from './options.mjs';

/** Time limit for a server to stop if it does not drain, in ms. */
const STOP_MS = 10_000;
/** The value of `use` for an inspector port, for which there is no setting. */
export const INSPECTOR = 'the port of its inspector';
/** Time limit for a game server to stop when its drain has ended, in ms. */
const STOP_AFTER_DRAIN_MS = 5_000;

/**
 * @typedef {'gateway' | 'lobby' | 'game'} ServerType
 *
 * @typedef {object} PlannedServer
 * @property {ServerType} type
 * @property {string} name the last part of its id
 * @property {string} label the name for people: "game 2"
 * @property {Record<string, string>} env its environment variables in addition to those of this process
 * @property {number} [inspectPort] the port of its inspector
 */

/**
 * Plans the servers and their environment. Does not change variables that are already set. Pure.
 *
 * @param {import('./options.mjs').FleetOptions} options
 * @param {{ redisUrl: string, linkSecret: string, adminToken: string, env: NodeJS.ProcessEnv }} given
 * @returns {PlannedServer[]}
 */
export function planFleet({ gateways, lobbies, games, host, port, inspect }, { redisUrl, linkSecret, adminToken, env }) {
  // `npm start` has read the file of REDIS_URL_FILE into REDIS_URL. Servers accept only one of these variables, so the plan gives them only
  // REDIS_URL_FILE.
  const redisUrlFile = (env.REDIS_URL === redisUrl && env.REDIS_URL_FILE) || '';
  const shared = {
    REDIS_URL: redisUrlFile ? '' : redisUrl,
    REDIS_URL_FILE: redisUrlFile,
    LINK_SECRET: linkSecret,
    // Servers log JSON, so that `npm start` can parse their log lines and print them for people. The log files contain the JSON.
    LOG_FORMAT: 'json',
    LOG_LEVEL: env.LOG_LEVEL || 'info',
    // A server at a breakpoint answers no checks. With this setting, no gateway evicts a server. A server that has really died is
    // restarted, and then its rooms are recovered.
    ...(inspect !== null && { HEALTH_DRY_RUN: env.HEALTH_DRY_RUN || 'true' }),
  };
  return [
    ...numbered('gateway', gateways, (index) => {
      const ports = portsOfGateway(port, index);
      return {
        env: {
          ...shared,
          ADMIN_TOKEN: adminToken,
          AUTH: env.AUTH || 'guest',
          PUBLIC_HOST: host,
          // All players on this machine have the same address, so the limit per address is high.
          CONNECTIONS_PER_ADDRESS: env.CONNECTIONS_PER_ADDRESS || '20000',
          // Simulated players begin many games per second, so this rate limit is high.
          MESSAGES_PER_SECOND: env.MESSAGES_PER_SECOND || '1000',
          MESSAGES_BURST: env.MESSAGES_BURST || '2000',
          ...Object.fromEntries(Object.entries(ports).map(([name, value]) => [name, String(value)])),
        },
      };
    }),
    ...numbered('lobby', lobbies, () => ({ env: { ...shared, OPS_PORT: '0' } })),
    // All game servers of this fleet stop together, so none can take rooms of the others. The time limit for a drain is short, and the
    // rooms stay in Redis.
    ...numbered('game', games, (index) => ({
      env: {
        ...shared,
        OPS_PORT: '0',
        DRAIN_TIMEOUT_MS: env.DRAIN_TIMEOUT_MS || '5000',
        // The watchdog is off, because the steps of a debugger count as CPU time of a handler.
        ...(inspect !== null && { HANDLER_LIMIT_MS: env.HANDLER_LIMIT_MS || '0' }),
      },
      ...(inspect !== null && { inspectPort: inspect + index }),
    })),
  ];
}

/**
 * Returns the time after SIGTERM at which the server is killed, in ms. It exceeds `DRAIN_TIMEOUT_MS`, so no draining server is killed.
 * Pure.
 *
 * @param {Pick<PlannedServer, 'env'>} server
 */
export function stopTimeoutMs({ env }) {
  // Ignores a value that is not a number. The server refuses to start with it, and reports the reason.
  return Math.max(STOP_MS, (Number(env.DRAIN_TIMEOUT_MS) || 0) + STOP_AFTER_DRAIN_MS);
}

/**
 * Returns the ports that must be free for the gateways, and for the inspectors of game servers. Pure.
 *
 * @param {Pick<import('./options.mjs').FleetOptions, 'port' | 'gateways'> & Partial<Pick<import('./options.mjs').FleetOptions, 'games' | 'inspect'>>} options
 * @returns {{ label: string, use: string, port: number }[]} `use`: the setting, or `INSPECTOR`
 */
export function plannedPorts({ port, gateways, games = 0, inspect = null }) {
  const players = Array.from({ length: gateways }, (_, index) =>
    Object.entries(portsOfGateway(port, index)).map(([use, value]) => ({ label: `gateway ${index + 1}`, use, port: value })),
  ).flat();
  if (inspect === null) return players;
  return [
    ...players,
    ...Array.from({ length: games }, (_, index) => ({ label: `game ${index + 1}`, use: INSPECTOR, port: inspect + index })),
  ];
}

/** @param {number} port @param {number} index */
function portsOfGateway(port, index) {
  const first = port + PORT_STEP * index;
  return { PUBLIC_PORT: first + PORT_OFFSETS.public, TCP_PORT: first + PORT_OFFSETS.tcp, OPS_PORT: first + PORT_OFFSETS.ops };
}

/**
 * @param {ServerType} type @param {number} count
 * @param {(index: number) => Pick<PlannedServer, 'env' | 'inspectPort'>} planOf
 * @returns {PlannedServer[]}
 */
function numbered(type, count, planOf) {
  return Array.from({ length: count }, (_, index) => {
    const name = String(index + 1);
    const { env, ...more } = planOf(index);
    // Lets the system choose the link ports, because two servers cannot use the same port.
    return { type, name, label: `${type} ${name}`, env: { ...env, SERVER_NAME: name, LINK_PORT: '0' }, ...more };
  });
}
