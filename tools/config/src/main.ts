import type { Command } from 'commander';
import type { ServerType } from '#libs/protocol';
import { startupFileProblems } from '#libs/server';
import {
  configurationSchema,
  type Environment,
  loadEnvironment,
  readConfigurationFile,
  readSettings,
  SettingsError,
  type SettingView,
  unknownSettings,
  viewSettings,
} from '#libs/settings';
import { failUsage, parseOrExit } from '../../fleet/src/usage.js';
import { type ConfigOptions, newCommand, SERVER_TYPES } from './options.js';

/** Facts about the project that the tool cannot find itself. */
export interface ConfigContext {
  readonly call?: string;
  /** The path of the project's `.env` file. */
  readonly envFile: string;
  /** Settings that `holdfast start` generates when they are not set. */
  readonly made: Readonly<Record<string, string>>;
}

interface Checked {
  readonly type: ServerType;
  readonly problems: readonly string[];
  readonly settings: readonly SettingView[];
}

/**
 * Prints the problems of the settings, and of the files that they name. With `--print`, also prints all settings. With `--schema`, prints
 * only the JSON Schema. Returns 1 if a server could not start with these settings, else 0.
 */
export async function main(argv: readonly string[], { call, envFile, made }: ConfigContext): Promise<number> {
  const command = parseOrExit(newCommand(call), argv);
  const options = command.opts<ConfigOptions>();
  const [word] = command.args;
  if (word !== undefined) failUsage(command, argv, refusalOf(word, command));
  if (options.schema) {
    console.log(JSON.stringify(configurationSchema(), null, 2));
    return 0;
  }
  const written = loadEnvironment(envFile);
  const set = { ...readConfigurationFile(written).values, ...written };
  const missing = Object.entries(made).filter(([variable]) => !set[variable]?.trim() && !set[`${variable}_FILE`]?.trim());
  const environment = { ...written, ...Object.fromEntries(missing) };
  const types: readonly ServerType[] = options.type ? [options.type] : SERVER_TYPES;
  const servers = types.map((type) => checked(type, environment, options));
  const unknown = unknownSettings(written);
  console.log(options.json ? JSON.stringify({ servers, unknown }) : textOf(servers, unknown, options));
  return servers.every(({ problems }) => problems.length === 0) ? 0 : 1;
}

function refusalOf(word: string, command: Command): string {
  const hint = isServerType(word) ? `--type ${word} checks only this type of server` : `${command.name()} --help lists all options`;
  return `error: ${JSON.stringify(word)} is not an option. ${hint}.`;
}

function isServerType(word: string): word is ServerType {
  return (SERVER_TYPES as readonly string[]).includes(word);
}

function checked(type: ServerType, environment: Environment, { print, changed }: ConfigOptions): Checked {
  const settings = print ? viewSettings(type, environment).filter(({ from }) => !changed || from !== 'default') : [];
  try {
    return { type, problems: startupFileProblems(readSettings(type, environment)), settings };
  } catch (error) {
    if (error instanceof SettingsError) return { type, problems: error.problems, settings };
    throw error;
  }
}

function textOf(servers: readonly Checked[], unknown: ReturnType<typeof unknownSettings>, { print }: ConfigOptions): string {
  const lines = servers.flatMap(({ type, problems, settings }) => [
    `${type}: ${problems.length === 0 ? 'the settings are correct' : 'cannot start with these settings'}`,
    ...problems.map((problem) => `  ${problem}`),
    ...(print ? settings.map(lineOf) : []),
  ]);
  const warnings = unknown.map(({ variable, nearest }) => `${variable} is not a setting. Did you mean ${nearest}?`);
  return [...lines, ...warnings].join('\n');
}

function lineOf({ variable, value, from }: SettingView): string {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
  return `  ${variable}=${text}${ORIGINS[from]}`;
}

const ORIGINS: Readonly<Record<SettingView['from'], string>> = {
  environment: '',
  file: '  (from its file)',
  configuration: '  (from HOLDFAST_CONFIG)',
  default: '  (default)',
};
