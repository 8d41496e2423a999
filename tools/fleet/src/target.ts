import { FleetError } from './admin-client.js';
import { readRunning, runningFile } from './running.js';

export interface Target {
  readonly url: string;
  readonly token: string;
}

export const URL_DEFAULT = 'http://127.0.0.1:7010';

/**
 * Finds the fleet that a command addresses. The URL comes from the arguments, else from the fleet of `npm start` in this folder, else it is
 * the default. The token comes from the arguments, else from the environment, else from `npm start` if the command addresses its fleet.
 *
 * @throws FleetError when the URL is not valid or there is no token
 */
export function findTarget(given: Partial<Target>, env: NodeJS.ProcessEnv = process.env, file: string = runningFile(env)): Target {
  const running = readRunning(file);
  const url = given.url ?? running?.opsUrl ?? URL_DEFAULT;
  // The tool must not send the token of one fleet to another fleet.
  const ofRunning = url === running?.opsUrl ? running.adminToken : undefined;
  const token = given.token ?? newestOf(env.ADMIN_TOKEN) ?? ofRunning;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new FleetError('bad-data', `${JSON.stringify(url)} is not a URL. Pass one such as ${URL_DEFAULT}.`);
  if (!token) throw new FleetError('unauthorized', `No token: pass --token, or set ADMIN_TOKEN to that of the fleet at ${url}.`);
  return { url: url.replace(/\/+$/, ''), token };
}

/** Minimum length of a token, in characters, as in the settings of a gateway. */
const TOKEN_CHARACTERS_MIN = 16;

/** Returns the first token of a list such as `ada=TOKEN,bob=TOKEN`. Undefined: there is none. */
function newestOf(list: string | undefined): string | undefined {
  const first = list
    ?.split(/[,\r\n]+/)
    .map((entry) => entry.trim())
    .find((entry) => entry !== '');
  const token = /^[A-Za-z0-9._-]{1,32}=(.+)$/.exec(first ?? '')?.[1];
  return token !== undefined && token.length >= TOKEN_CHARACTERS_MIN ? token : first;
}
