import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's own variables and, in development, those of `.env` beneath them. */
export function loadEnvironment(file = '.env'): Environment {
  if (process.env.NODE_ENV === 'production' || !existsSync(file)) return process.env;
  return { ...(parseEnv(readFileSync(file, 'utf8')) as Environment), ...process.env };
}
