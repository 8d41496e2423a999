import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROJECT } from '../process/paths.mjs';

/** The file with environment variables for the servers of the project. */
export const DOT_ENV = join(PROJECT, '.env');

/**
 * The settings that `npm start` reads itself. `npm start` passes most of them to its servers in the environment, which takes precedence
 * over the configuration file. So `npm start` must also read the values in this file.
 */
const OWN_SETTINGS = [
  'ADMIN_TOKEN_FILE',
  'AUTH',
  'CONNECTIONS_PER_ADDRESS',
  'DRAIN_TIMEOUT_MS',
  'HANDLER_LIMIT_MS',
  'HEALTH_DRY_RUN',
  'LINK_SECRET_FILE',
  'LOG_LEVEL',
  'MESSAGES_BURST',
  'MESSAGES_PER_SECOND',
  'OPS_HOST',
  'OPS_TLS_CERT',
  'PUBLIC_HOST',
  'PUBLIC_PORT',
  'PUBLIC_TLS_CERT',
  'REDIS_PASSWORD_FILE',
  'REDIS_SENTINEL_PASSWORD_FILE',
  'REDIS_SENTINEL_TLS',
  'REDIS_TLS',
  'REDIS_URL',
  'REDIS_URL_FILE',
];

/**
 * Returns the environment with the values of `OWN_SETTINGS` from the configuration file. The variable `HOLDFAST_CONFIG` names this file. As
 * in servers, the environment takes precedence: a setting stays unchanged when `NAME` or `NAME_FILE` is set there. Ignores an unreadable
 * file and values of a wrong type, because servers report them.
 *
 * @param {NodeJS.ProcessEnv} env @returns {NodeJS.ProcessEnv}
 */
export function withConfiguration(env) {
  const file = configurationFile(env);
  const content = file === null ? {} : readObject(file);
  const isSet = (/** @type {string} */ name) => Boolean(env[name]?.trim());
  const added = OWN_SETTINGS.filter((name) => ['string', 'number', 'boolean'].includes(typeof content[name]))
    .filter((name) => !isSet(name) && !isSet(`${name}_FILE`) && !isSet(name.replace(/_FILE$/, '')))
    .map((name) => [name, String(content[name])]);
  return { ...env, ...Object.fromEntries(added) };
}

/** Returns the path of the configuration file, or null. @param {NodeJS.ProcessEnv} env */
export function configurationFile(env) {
  const path = env.HOLDFAST_CONFIG?.trim();
  return path ? resolve(PROJECT, path) : null;
}

/** @param {string} file @returns {Record<string, unknown>} */
function readObject(file) {
  try {
    const content = JSON.parse(readFileSync(file, 'utf8'));
    return typeof content === 'object' && content !== null ? content : {};
  } catch {
    return {};
  }
}
