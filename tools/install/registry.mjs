import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from '../process/paths.mjs';

const run = promisify(execFile);

/** Time limit for an answer of the registry, in ms. Afterwards, the registry counts as unreachable. */
const ANSWER_TIMEOUT_MS = 4_000;
/** Time after which this program kills npm, in ms. npm cannot interrupt its lookup of the registry's address. */
const KILL_AFTER_MS = ANSWER_TIMEOUT_MS + 1_000;

/**
 * Pings the registry with npm itself, because npm knows the user's registry, proxy and certificates. This check is fast, while `npm ci`
 * without a network would try for minutes.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string | null>} null: the registry answers; else the registry and the reason, as a part of a sentence
 */
export async function whyRegistryIsUnreachable(env = process.env) {
  const args = ['ping', '--loglevel=notice', '--fetch-retries=0', `--fetch-timeout=${ANSWER_TIMEOUT_MS}`];
  try {
    await run('npm', args, { cwd: ROOT, env, timeout: KILL_AFTER_MS, killSignal: 'SIGKILL' });
    return null;
  } catch (error) {
    const { code, killed, stderr = '' } = /** @type {{ code?: unknown, killed?: boolean, stderr?: string }} */ (error);
    if (code === 'ENOENT') return 'which needs npm, but npm is not on the PATH';
    return unreachable(stderr, killed === true);
  }
}

/**
 * Reads the output of a failed `npm ping`. A registry that refuses the ping, or does not know the command, counts as reachable. Pure.
 *
 * @param {string} output @param {boolean} isKilled
 * @returns {string | null}
 */
export function unreachable(output, isKilled) {
  const [, code = ''] = /npm (?:error|ERR!) code (\w+)/.exec(output) ?? [];
  if (/^E[45]\d\d$/.test(code) && !/^E50[234]$/.test(code)) return null;
  const [, registry = ''] = /PING (\S+)/.exec(output) ?? [];
  const isSilent = isKilled || /network timeout/.test(output);
  const reason = isSilent ? `no answer within ${ANSWER_TIMEOUT_MS / 1_000} s` : (/reason: (.+)/.exec(output)?.[1] ?? code);
  return `${registry || 'the npm registry'} (${reason || 'npm ping failed'})`;
}
