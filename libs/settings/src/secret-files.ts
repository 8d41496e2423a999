import { readFileSync } from 'node:fs';
import type { Environment } from './environment.js';
import type { Setting } from './setting.js';

/** The secrets whose file path is a setting of its own, because each new connection to Redis reads the file again. */
const REREAD = ['REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD'];

/** Returns the name of the variable with the path of a secret's file: `ADMIN_TOKEN_FILE`. */
export function fileVariableOf({ variable }: Pick<Setting<unknown>, 'variable'>): string {
  return `${variable}_FILE`;
}

/**
 * Reads a secret or `REDIS_URL` from the file that `NAME_FILE` names, as container platforms mount secrets. Removes the line break at the
 * end of the file. Returns null when the variable is not set.
 */
export function readSecretFile(setting: Setting<unknown>, environment: Environment): { text: string } | { problem: string } | null {
  const variable = fileVariableOf(setting);
  const path = environment[variable]?.trim();
  const isInFile = setting.secret || setting.variable === 'REDIS_URL';
  if (!isInFile || !path || REREAD.includes(setting.variable)) return null;
  if (environment[setting.variable]?.trim()) return { problem: `${setting.variable} and ${variable} are set: it must be only one of them` };
  try {
    return { text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return { problem: `${variable} is ${JSON.stringify(path)}: it must be the path of a file that this process can read (${code})` };
  }
}
