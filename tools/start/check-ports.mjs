import { networkInterfaces } from 'node:os';
import { callOf } from '../command/names.mjs';
import { bindFailure } from '../process/free-port.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { INSPECTOR, plannedPorts } from './fleet-plan.mjs';

/**
 * Time limit for the check of one address, in ms. Without it, the lookup of a host name would take much longer when no name server answers.
 */
const LOOKUP_TIMEOUT_MS = 3_000;
/** Ports of the AirPlay Receiver of macOS. */
const AIRPLAY_PORTS = [5000, 7000];
const LISTED_MAX = 8;

/**
 * Checks that the gateways can listen on their addresses. `npm start` calls this before it installs or builds anything.
 *
 * @param {import('./options.mjs').FleetOptions} options @param {NodeJS.ProcessEnv} env
 * @throws {PlainError} with the port or the host, and what to do
 */
export async function checkPorts(options, env) {
  for (const { port, use, label } of plannedPorts(options)) {
    const [setting, host] = addressOf(use, options, env);
    // `auto` is the address that this machine has, so it needs no check.
    const failure = host === 'auto' ? null : await bindFailureInTime(port, host);
    if (failure !== null && use === INSPECTOR)
      throw new PlainError(
        `Port ${port} cannot be used (${failure}), and ${label} needs it as ${use}. Choose others: ${callOf('start')} --inspect-port PORT`,
      );
    if (failure !== null) throw new PlainError(sentenceOf({ failure, port, use, label, setting, host, first: options.port }));
  }
}

/** @param {string} use @param {import('./options.mjs').FleetOptions} options @param {NodeJS.ProcessEnv} env @returns {[setting: string, host: string]} */
function addressOf(use, options, env) {
  if (use === 'OPS_PORT') return ['OPS_HOST', env.OPS_HOST || '127.0.0.1'];
  return use === INSPECTOR ? ['--inspect-port', '127.0.0.1'] : ['--host', options.host];
}

/** @param {number} port @param {string} host @returns {Promise<string | null>} */
async function bindFailureInTime(port, host) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(() => resolve('ETIMEOUT'), LOOKUP_TIMEOUT_MS);
  });
  const failure = await Promise.race([bindFailure(port, host), timeout]);
  clearTimeout(timer);
  return failure;
}

/**
 * Describes the problem of one port, and the remedy. Pure.
 *
 * @param {object} found
 * @param {string} found.failure the code of the error
 * @param {number} found.port @param {string} found.use the setting of the port
 * @param {string} found.label the server @param {string} found.setting the setting or option of the host
 * @param {string} found.host @param {number} found.first the port of the option `--port`
 * @param {NodeJS.Platform} [platform] @param {readonly string[]} [addresses] of this machine
 */
export function sentenceOf({ failure, port, use, label, setting, host, first }, platform = process.platform, addresses = ownAddresses()) {
  switch (failure) {
    case 'EADDRINUSE': {
      const airPlay =
        platform === 'darwin' && AIRPLAY_PORTS.includes(port)
          ? ' On macOS it usually belongs to the AirPlay Receiver, which can be turned off in System Settings > General > AirDrop & Handoff.'
          : '';
      return `Port ${port} is in use, and ${label} needs it as ${use}.${airPlay} Choose other ports: ${callOf('start')} --port ${otherPort(first)}`;
    }
    case 'EACCES':
      return `This user may not listen on port ${port}, and ${label} needs it as ${use}. Choose other ports: ${callOf('start')} --port 7000`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return `${setting} is ${JSON.stringify(host)}: this machine does not have that address. It has ${addresses.join(', ')}, and 0.0.0.0 means all of IPv4.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ETIMEOUT':
      return `${setting} is ${JSON.stringify(host)}: no address was found for that name (${failure}). Use an address of this machine, such as ${addresses.join(', ')}.`;
    default:
      return `${label} cannot listen on port ${port} of ${host} (${failure}). Choose other ports or another address: ${callOf('start')} --port PORT --host HOST`;
  }
}

/** @param {number} first */
function otherPort(first) {
  return first + 200 <= 60_000 ? first + 200 : first - 200;
}

function ownAddresses() {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  // Does not offer a link-local address, because it is valid only together with the name of an interface.
  const own = all.map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
  return [...new Set(own)].slice(0, LISTED_MAX);
}
