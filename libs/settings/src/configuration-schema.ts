import { z } from 'zod';
import { SETTINGS } from './definitions.js';
import { fileVariableOf } from './secret-files.js';
import type { Setting } from './setting.js';
import type { Group } from './setting-group.js';

/** A key of the file that `HOLDFAST_CONFIG` names. */
export interface ConfigurationKey {
  readonly variable: string;
  readonly schema: z.ZodType;
  /** The allowed values, as the end of the sentence "it must be …". */
  readonly allowed: string;
  readonly meaning: string;
  /** The default, if it is the same for all servers. */
  readonly fallback?: unknown;
  /** A text about a default that depends on the server. */
  readonly fallbackText?: string;
}

const ALL = Object.values<Group>(SETTINGS).flatMap((group) => Object.values<Setting<unknown>>(group.settings));

/** The secrets, which must not be in the file. */
export const SECRETS: ReadonlySet<string> = new Set(ALL.filter(({ secret }) => secret).map(({ variable }) => variable));

/** The keys that the file may have: the settings without the secrets, and the names of the files of secrets. */
export const CONFIGURATION_KEYS: ReadonlyMap<string, ConfigurationKey> = new Map(
  [...ALL.filter(({ secret }) => secret).map(keyOfFile), ...ALL.flatMap(keysOf)].map((key) => [key.variable, key]),
);

/** Returns the JSON Schema of the file, so that editors can check and complete the file. */
export function configurationSchema(): Readonly<Record<string, unknown>> {
  const keys = [...CONFIGURATION_KEYS.values()].sort((a, b) => (a.variable < b.variable ? -1 : 1));
  const properties = keys.map((key) => [key.variable, described(key)] as const);
  const file = z
    .strictObject({ $schema: z.string(), ...Object.fromEntries(properties) })
    .partial()
    .meta({ title: 'Settings of the servers of Holdfast', description: 'The file that HOLDFAST_CONFIG names.' });
  // Editors support this version of JSON Schema best.
  return z.toJSONSchema(file, { target: 'draft-7' });
}

function described({ schema, meaning, allowed, fallback, fallbackText }: ConfigurationKey): z.ZodType {
  const end = fallbackText === undefined ? '' : ` Default: ${fallbackText}.`;
  return schema.meta({ description: `${meaning} Allowed: ${allowed}.${end}`, ...(fallback !== undefined && { default: fallback }) });
}

function keysOf({ variable, json, allowed, meaning, fallback, fallbackText }: Setting<unknown>): ConfigurationKey[] {
  if (json === null) return [];
  const schema = variable === 'REDIS_URL' ? json.and(z.string().regex(/^[^@]*$/)) : json;
  const value = fallbackText === undefined ? fallback?.({ type: 'game', isTerminal: false }) : undefined;
  return [
    {
      variable,
      schema,
      allowed: json.description ?? allowed,
      meaning,
      ...(value !== undefined && { fallback: value }),
      ...(fallbackText !== undefined && { fallbackText }),
    },
  ];
}

function keyOfFile(setting: Setting<unknown>): ConfigurationKey {
  const meaning = `File with the value of \`${setting.variable}\`.`;
  return { variable: fileVariableOf(setting), schema: z.string().regex(/^.+$/), allowed: 'a path', meaning };
}
