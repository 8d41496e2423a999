import { readFileSync } from 'node:fs';
import { SETTINGS } from './definitions.js';
import type { Environment } from './environment.js';
import { fileVariableOf } from './secret-files.js';
import type { Setting } from './setting.js';
import type { Group } from './setting-group.js';
import { nearestOf } from './unknown-settings.js';

/** The variable that names the file. */
export const CONFIGURATION_VARIABLE = 'HOLDFAST_CONFIG';

/** The settings in the file that `HOLDFAST_CONFIG` names, as text, and one sentence for each problem of the file. */
export interface ConfigurationFile {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

const NONE: ConfigurationFile = { values: {}, problems: [] };

/**
 * Reads the optional file with settings: a JSON object with the names of settings as keys. Its values are texts, numbers, booleans and
 * lists of texts. The file must not contain secrets, so that it can be kept with the code. It may name the file of a secret (`NAME_FILE`).
 */
export function readConfigurationFile(environment: Environment): ConfigurationFile {
  const path = environment[CONFIGURATION_VARIABLE]?.trim();
  if (!path) return NONE;
  const refuse = (problem: string): ConfigurationFile => ({
    values: {},
    problems: [`${CONFIGURATION_VARIABLE} is ${JSON.stringify(path)}: ${problem}`],
  });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Does not show the message of the parser: it may contain a part of the file, and the file may contain a secret by mistake.
    return refuse(code ? `it must be the path of a file that this process can read (${code})` : 'the file must contain a JSON object');
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return refuse('the file must contain a JSON object');
  const values: Record<string, string> = {};
  const problems: string[] = [];
  const known = knownVariables();
  for (const [variable, value] of Object.entries(content)) {
    if (variable === '$schema') continue;
    const problem = problemOf(variable, value, known);
    if (problem === null) values[variable] = Array.isArray(value) ? value.join(',') : String(value);
    else problems.push(`${variable} in ${JSON.stringify(path)} ${problem}`);
  }
  return { values, problems };
}

/** Returns the environment together with the settings of the file. A variable of the environment wins. */
export function withConfigurationFile(environment: Environment, { values }: ConfigurationFile): Environment {
  const set = Object.entries(environment).filter(([variable, text]) => !(variable in values) || text?.trim());
  // A setting and its file (`NAME_FILE`) set the same value. So when the environment has one of the two, the other one in the configuration
  // is ignored.
  const replaced = new Set(set.flatMap(([variable, text]) => (text?.trim() ? [`${variable}_FILE`, variable.replace(/_FILE$/, '')] : [])));
  const kept = Object.entries(values).filter(([variable]) => !replaced.has(variable));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) };
}

function problemOf(variable: string, value: unknown, known: ReadonlyMap<string, { readonly isSecret: boolean }>): string | null {
  const found = known.get(variable);
  if (!found) return `is not a setting: it must be removed or corrected. Did you mean ${nearestOf(variable, new Set(known.keys()))[0]}?`;
  if (found.isSecret) return `is a secret, which must not be in this file: use ${variable}_FILE, or the environment`;
  if (variable === 'REDIS_URL' && typeof value === 'string' && value.includes('@'))
    return 'contains a login, which must not be in this file: use REDIS_USER and REDIS_PASSWORD_FILE';
  const isText = (one: unknown): boolean => typeof one === 'string';
  if (isText(value) || typeof value === 'number' || typeof value === 'boolean' || (Array.isArray(value) && value.every(isText)))
    return null;
  return 'has a value of a wrong type: it must be a text, a number, true, false or a list of texts';
}

/** The variables of all settings, and the variables that name the files of secrets. */
function knownVariables(): Map<string, { readonly isSecret: boolean }> {
  const settings = Object.values<Group>(SETTINGS).flatMap((group) => Object.values<Setting<unknown>>(group.settings));
  return new Map(
    settings.flatMap((setting) => [
      [setting.variable, { isSecret: setting.secret }] as const,
      ...(setting.secret ? [[fileVariableOf(setting), { isSecret: false }] as const] : []),
    ]),
  );
}
