import { FleetError } from './admin-client.js';
import { readRunning, runningFile } from './running.js';

export interface Target {
  readonly url: string;
  readonly token: string;
}

export const URL_DEFAULT = 'http://127.0.0.1:7010';

/** What was said, else what the environment says, else the fleet that `npm start` runs in this folder. */
export function findTarget(given: Partial<Target>, env: NodeJS.ProcessEnv = process.env, file: string = runningFile(env)): Target {
  const running = readRunning(file);
  const url = given.url ?? running?.opsUrl ?? URL_DEFAULT;
  // The token that was made for one fleet is not shown to another.
  const ofRunning = url === running?.opsUrl ? running.adminToken : undefined;
  const token = given.token ?? (env.ADMIN_TOKEN || undefined) ?? ofRunning;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new FleetError('bad-data', `${JSON.stringify(url)} is no URL; give one such as ${URL_DEFAULT}.`);
  if (!token) throw new FleetError('unauthorized', `No token: give --token, or set ADMIN_TOKEN to that of the fleet at ${url}.`);
  return { url: url.replace(/\/+$/, ''), token };
}
