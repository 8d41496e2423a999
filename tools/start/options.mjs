import { parseArgs } from 'node:util';

/**
 * @typedef {object} FleetOptions
 * @property {number} gateways
 * @property {number} lobbies
 * @property {number} games
 * @property {string} host
 * @property {number} port
 * @property {string | null} redisUrl
 * @property {boolean} watch
 * @property {boolean} verbose
 * @property {boolean} help
 */

/** Offsets of the first gateway's ports from `--port`: WebSocket, TCP, ops. Each further gateway adds `PORT_STEP`. */
export const PORT_OFFSETS = { public: 0, tcp: 1, ops: 10 };
export const PORT_STEP = 20;

/** @param {number} port @param {Pick<FleetOptions, 'port' | 'gateways'>} options @returns {boolean} */
export function isPortOfGateway(port, { port: first, gateways }) {
  return port >= first && port < first + PORT_STEP * gateways;
}
export const PORT_DEFAULT = 7000;

export const HELP = `Starts a whole Holdfast fleet on this machine and stops it on Ctrl-C.

  npm start -- [options]

  --gateways N      gateways (default 1)
  --lobbies N       lobbies (default 1)
  --games N         game servers (default 2)
  --port PORT       port for players of the first gateway (default ${PORT_DEFAULT}); TCP is PORT+${PORT_OFFSETS.tcp},
                    operators PORT+${PORT_OFFSETS.ops}; each further gateway adds ${PORT_STEP}
  --host HOST       address on which gateways listen for players (default 127.0.0.1;
                    0.0.0.0 for other machines)
  --redis-url URL   use this Redis (default: REDIS_URL, else a private one is found or downloaded)
  --watch           build and restart the servers when their code changes (npm run dev)
  --verbose         show all log lines of servers, not only warnings
  --help            show this help

Settings of the servers (npm start passes its environment and .env on to them) are in docs/settings.md.
Data, logs and downloads are in .holdfast/ (set HOLDFAST_DIR for another folder).
`;

/**
 * Returns the options, or a sentence about what is wrong with them. Pure.
 *
 * @param {readonly string[]} argv @param {NodeJS.ProcessEnv} env
 * @returns {{ options: FleetOptions } | { problem: string }}
 */
export function readOptions(argv, env) {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        gateways: { type: 'string' },
        lobbies: { type: 'string' },
        games: { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string' },
        'redis-url': { type: 'string' },
        watch: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { problem: `${/** @type {Error} */ (error).message.split('. ')[0]}. npm start -- --help lists all options.` };
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
  const gateways = number('--gateways', values.gateways, 1, 1, 20);
  const highest = 65_535 - PORT_OFFSETS.ops - PORT_STEP * (gateways - 1);
  const options = {
    gateways,
    lobbies: number('--lobbies', values.lobbies, 1, 1, 50),
    games: number('--games', values.games, 2, 1, 100),
    host: values.host ?? env.PUBLIC_HOST ?? '127.0.0.1',
    port: number(
      values.port === undefined && env.PUBLIC_PORT ? 'PUBLIC_PORT' : '--port',
      values.port ?? (env.PUBLIC_PORT || undefined),
      PORT_DEFAULT,
      1,
      highest,
    ),
    redisUrl: values['redis-url'] ?? (env.REDIS_URL || null),
    watch: values.watch ?? false,
    verbose: values.verbose ?? false,
    help: values.help ?? false,
  };
  return problems.length > 0 ? { problem: problems.join('\n') } : { options };
}
