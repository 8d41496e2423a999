import type { ServerType } from '#libs/protocol';
import { SETTINGS } from '#libs/settings';

interface Group {
  readonly servers: readonly string[];
  readonly settings: Readonly<Record<string, { readonly variable: string; readonly secret: boolean }>>;
}

/** Returns the variables that a server of this type reads. Each variable of a secret also occurs as `NAME_FILE`. */
export function variablesOf(type: ServerType): ReadonlySet<string> {
  const settings = Object.values<Group>(SETTINGS)
    .filter(({ servers }) => servers.includes(type))
    .flatMap((group) => Object.values(group.settings));
  return new Set(settings.flatMap(({ variable, secret }) => (secret ? [variable, `${variable}_FILE`] : [variable])));
}

/** Returns the variables whose values are secrets. */
export function secretVariables(): ReadonlySet<string> {
  const settings = Object.values<Group>(SETTINGS).flatMap((group) => Object.values(group.settings));
  return new Set(settings.filter(({ secret }) => secret).map(({ variable }) => variable));
}
