import type { ServerType } from '#libs/protocol';
import { redacted } from '#libs/redis-url';
import { readConfigurationFile, withConfigurationFile } from './configuration-file.js';
import { SETTINGS } from './definitions.js';
import { type Environment, loadEnvironment } from './environment.js';
import { readOne } from './read-settings.js';
import { readSecretFile } from './secret-files.js';
import type { Context, Setting } from './setting.js';
import type { Group } from './setting-group.js';

/** One effective setting of a server, without secrets. */
export interface SettingView {
  readonly variable: string;
  /** The value. Null: the variable is not set and has no default. `***`: the value is a secret. */
  readonly value: unknown;
  /**
   * The source of the value. `file`: the file that contains only this secret (`NAME_FILE`). `configuration`: the file that
   * `HOLDFAST_CONFIG` names.
   */
  readonly from: 'environment' | 'file' | 'configuration' | 'default';
}

/** Returns the effective settings of a server. An invalid value is shown unchanged, because `readSettings` reports it. */
export function viewSettings(type: ServerType, given: Environment = loadEnvironment()): readonly SettingView[] {
  const environment = withConfigurationFile(given, readConfigurationFile(given));
  const context: Context = { type, isTerminal: process.stdout.isTTY === true };
  return Object.values<Group>(SETTINGS)
    .filter(({ servers }) => servers.includes(type))
    .flatMap(({ settings }) => Object.values<Setting<unknown>>(settings))
    .map((setting) => viewOf(setting, environment, given, context));
}

function viewOf(setting: Setting<unknown>, environment: Environment, given: Environment, context: Context): SettingView {
  const { variable, secret } = setting;
  const result = readOne(setting, environment, context);
  const value = 'problem' in result ? (environment[variable] ?? null) : result.value;
  const shown = secret && value !== null ? '***' : typeof value === 'string' ? redacted(value) : value;
  return { variable, value: shown, from: originOf(setting, environment, given) };
}

function originOf(setting: Setting<unknown>, environment: Environment, given: Environment): SettingView['from'] {
  if (given[setting.variable]?.trim()) return 'environment';
  if (environment[setting.variable]?.trim()) return 'configuration';
  return readSecretFile(setting, environment) === null ? 'default' : 'file';
}
