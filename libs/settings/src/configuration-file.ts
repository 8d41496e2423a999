import { readFileSync } from 'node:fs';
import { redacted } from '#libs/redis-url';
import { CONFIGURATION_KEYS, type ConfigurationKey, SECRETS } from './configuration-schema.js';
import type { Environment } from './environment.js';
import { brokenJsonPlace } from './json-place.js';
import { misspelledOf } from './unknown-settings.js';

/** The environment variable with the path of the configuration file. */
export const CONFIGURATION_VARIABLE = 'HOLDFAST_CONFIG';

/** The settings in the file that `HOLDFAST_CONFIG` names, as text, and one sentence for each problem of the file. */
export interface ConfigurationFile {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

const NONE: ConfigurationFile = { values: {}, problems: [] };

/**
 * Reads the optional file with settings: a JSON object with the names of settings as keys. The function
 * `configurationSchema` returns its JSON Schema. The file must not contain secrets, so that it can be kept with the code. It may name the
 * file of a secret (`NAME_FILE`).
 */
export function readConfigurationFile(environment: Environment): ConfigurationFile {
  const path = environment[CONFIGURATION_VARIABLE]?.trim();
  if (!path) return NONE;
  const refuse = (problem: string): ConfigurationFile => ({
    values: {},
    problems: [`${CONFIGURATION_VARIABLE} is ${JSON.stringify(path)}: ${problem}`],
  });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refuse(`it must be the path of a file that this process can read (${code})`);
  }
  // Names only the place and shows no part of the file, because a secret can be in the file by mistake.
  const place = brokenJsonPlace(text);
  if (place) return refuse(`the file must contain a JSON object, and is not valid JSON at line ${place.line}, column ${place.column}`);
  const content: unknown = JSON.parse(text);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return refuse('the file must contain a JSON object');
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const [variable, value] of Object.entries(content)) {
    if (variable === '$schema') continue;
    const wrong = problemOf(variable, value);
    if (wrong === null) values[variable] = Array.isArray(value) ? value.join(',') : String(value);
    else problems.push(`${variable}${wrong.at} in ${JSON.stringify(path)} ${wrong.problem}`);
  }
  return { values, problems };
}

/**
 * Returns the environment together with the settings of the file. When both have a value for a setting, the environment takes precedence.
 */
export function withConfigurationFile(environment: Environment, { values }: ConfigurationFile): Environment {
  const set = Object.entries(environment).filter(([variable, text]) => !(variable in values) || text?.trim());
  // `NAME` and `NAME_FILE` set the same value. So when the environment has one of them, this function ignores both in the configuration
  // file.
  const replaced = new Set(set.flatMap(([variable, text]) => (text?.trim() ? [`${variable}_FILE`, variable.replace(/_FILE$/, '')] : [])));
  const kept = Object.entries(values).filter(([variable]) => !replaced.has(variable));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) };
}

/** Checks the value of one key. `problem` continues a sentence that begins with the key and the file. Null: the value is correct. */
function problemOf(variable: string, value: unknown): { readonly at: string; readonly problem: string } | null {
  const wrong = (problem: string, at = ''): { readonly at: string; readonly problem: string } => ({ at, problem });
  if (SECRETS.has(variable)) return wrong(`is a secret, which must not be in this file: use ${variable}_FILE, or the environment`);
  const key = CONFIGURATION_KEYS.get(variable);
  if (!key) {
    const meant = misspelledOf(variable.toUpperCase(), new Set(CONFIGURATION_KEYS.keys()));
    const hint = meant === null ? '`holdfast config --print` lists all settings.' : `Did you mean ${meant}?`;
    return wrong(`is not a setting: it must be removed or corrected. ${hint}`);
  }
  if (variable === 'REDIS_URL' && typeof value === 'string' && value.includes('@'))
    return wrong('contains a login, which must not be in this file: use REDIS_USER and REDIS_PASSWORD_FILE');
  const { error } = key.schema.safeParse(value);
  if (!error) return null;
  const [index] = error.issues[0]?.path ?? [];
  if (typeof index === 'number') return wrong(`is ${shown((value as unknown[])[index])}: ${variable} must be ${key.allowed}`, `[${index}]`);
  return wrong(`is ${shown(value)}: it must be ${key.allowed}${hintFor(key, value)}`);
}

/** Returns a hint when a value is correct apart from its type, because `"500"` and `500` look alike. */
function hintFor({ schema }: ConfigurationKey, value: unknown): string {
  const isAllowed = (other: unknown): boolean => schema.safeParse(other).success;
  if (typeof value !== 'string') return isAllowed(String(value)) ? ', in quotation marks' : '';
  try {
    return isAllowed(JSON.parse(value)) ? ', without quotation marks' : '';
  } catch {
    return '';
  }
}

function shown(value: unknown): string {
  const text = redacted(JSON.stringify(value));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
