import type { ServerType } from '#libs/protocol';
import type { Setting } from './setting.js';

/** Settings of one topic. `servers`: the types of server that read them. */
export interface Group<Servers extends readonly ServerType[] = readonly ServerType[], S = Readonly<Record<string, Setting<unknown>>>> {
  readonly servers: Servers;
  readonly settings: S;
}

/** Creates a group of settings, for every server or only for some types. */
export function group<S extends Readonly<Record<string, Setting<unknown>>>>(
  servers: 'every server',
  settings: S,
): Group<readonly ['gateway', 'lobby', 'game'], S>;
export function group<const Servers extends readonly ServerType[], S extends Readonly<Record<string, Setting<unknown>>>>(
  servers: Servers,
  settings: S,
): Group<Servers, S>;
export function group(servers: 'every server' | readonly ServerType[], settings: Readonly<Record<string, Setting<unknown>>>): Group {
  return { servers: servers === 'every server' ? ['gateway', 'lobby', 'game'] : servers, settings };
}
