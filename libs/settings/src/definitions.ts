import type { ServerType } from '#libs/protocol';
import { GATEWAY_SETTINGS } from './gateway-settings.js';
import { PROCESS_SETTINGS } from './process-settings.js';
import { ROOM_SETTINGS } from './room-settings.js';
import type { Setting } from './setting.js';

/**
 * All settings. This table is the source of the types, of the checks at startup, and of `docs/settings.md`. For a new setting, add an entry
 * to one of the groups, and its name to the purposes in `tools/docs/settings-page.mjs`.
 */
export const SETTINGS = { ...PROCESS_SETTINGS, ...ROOM_SETTINGS, ...GATEWAY_SETTINGS } as const;

/** The settings that a server of this type has. */
export type SettingsOf<T extends ServerType> = {
  readonly [G in keyof Groups as T extends Groups[G]['servers'][number] ? G : never]: Values<Groups[G]['settings']>;
};

export type GatewaySettings = SettingsOf<'gateway'>;
export type LobbySettings = SettingsOf<'lobby'>;
export type GameSettings = SettingsOf<'game'>;

type Groups = typeof SETTINGS;
type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };
