import { isIPv6 } from 'node:net';
import { parseArgs } from 'node:util';
import { callOf } from '../command/names.mjs';

/**
 * @typedef {object} FleetOptions
 * @property {number} gateways
 * @property {number} lobbies
 * @property {number} games
 * @property {string} host
 * @property {number} port
 * @property {string | null} redisUrl
 * @property {boolean} watch
 * @property {boolean} types whether types are checked beside a fleet that follows edits
 * @property {number | null} inspect the inspector port of the first game server; null: no inspectors
 * @property {boolean} verbose
 */

/** Offsets of the first gateway's ports from `--port`: WebSocket, TCP, ops. Each further gateway adds `PORT_STEP`. */
export const PORT_OFFSETS = { public: 0, tcp: 1, ops: 10 };
export const PORT_STEP = 20;

/** @param {number} port @param {Pick<FleetOptions, 'port' | 'gateways'>} options @returns {boolean} */
export function isPortOfGateway(port, { port: first, gateways }) {
  return port >= first && port < first + PORT_STEP * gateways;
}
export const PORT_DEFAULT = 7000;
const INSPECT_PORT_DEFAULT = 9229;

/** The pattern of a valid host. It must accept the hosts that the setting PUBLIC_HOST accepts. */
const HOST = /^[A-Za-z0-9._:-]{1,255}$/;

export const OPTIONS = /** @type {const} */ ({
  gateways: { type: 'string' },
  lobbies: { type: 'string' },
  games: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  'redis-url': { type: 'string' },
  watch: { type: 'boolean' },
  'no-types': { type: 'boolean' },
  inspect: { type: 'boolean' },
  'inspect-port': { type: 'string' },
  verbose: { type: 'boolean' },
});

/**
 * Returns the options, or a sentence about what is wrong with them. Pure.
 *
 * @param {readonly string[]} argv @param {NodeJS.ProcessEnv} env
 * @returns {{ options: FleetOptions } | { problem: string }}
 */
export function readOptions(argv, env) {
  let values;
  try {
    ({ values } = parseArgs({ args: [...argv], options: OPTIONS }));
  } catch (error) {
    return { problem: `${/** @type {Error} */ (error).message.split('. ')[0]}. ${callOf('start')} --help lists all options.` };
  }
  /** @type {string[]} */
  const problems = [];
  /** @param {string} name @param {string | undefined} text @param {number} fallback @param {number} from @param {number} to */
  const number = (name, text, fallback, from, to) => {
    const value = Number(text ?? fallback);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    problems.push(`${name} is ${JSON.stringify(text)}: it must be a whole number from ${from} to ${to}.`);
    return fallback;
  };
  /** @param {string} name @param {string} text */
  const host = (name, text) => {
    const value = text.replace(/^\[(.*)\]$/, '$1');
    if (!HOST.test(value) || (value.includes(':') && !isIPv6(value)))
      problems.push(`${name} is ${JSON.stringify(text)}: it must be an IPv4 or IPv6 address of this machine, or its host name.`);
    return value;
  };
  const gateways = number('--gateways', values.gateways, 1, 1, 20);
  const highest = 65_535 - PORT_OFFSETS.ops - PORT_STEP * (gateways - 1);
  const games = number('--games', values.games, 2, 1, 100);
  const inspectPort = number('--inspect-port', values['inspect-port'], INSPECT_PORT_DEFAULT, 1, 65_536 - games);
  const options = {
    gateways,
    lobbies: number('--lobbies', values.lobbies, 1, 1, 50),
    games,
    host: host(values.host === undefined ? 'PUBLIC_HOST' : '--host', values.host ?? (env.PUBLIC_HOST || '127.0.0.1')),
    port: number(
      values.port === undefined && env.PUBLIC_PORT ? 'PUBLIC_PORT' : '--port',
      values.port ?? (env.PUBLIC_PORT || undefined),
      PORT_DEFAULT,
      1,
      highest,
    ),
    redisUrl: values['redis-url'] ?? (env.REDIS_URL || null),
    watch: values.watch ?? false,
    types: !(values['no-types'] ?? false),
    inspect: values.inspect || values['inspect-port'] !== undefined ? inspectPort : null,
    verbose: values.verbose ?? false,
  };
  return problems.length > 0 ? { problem: problems.join('\n') } : { options };
}
