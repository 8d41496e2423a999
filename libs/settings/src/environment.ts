import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment variables of this process. In development, `.env` supplies the ones that are not set. */
export function loadEnvironment(file = '.env'): Environment {
  if (process.env.NODE_ENV === 'production' || !existsSync(file)) return process.env;
  return { ...(parseEnv(readFileSync(file, 'utf8')) as Environment), ...process.env };
}
