export { readConfigurationFile } from './configuration-file.js';
export { configurationSchema } from './configuration-schema.js';
export * from './definitions.js';
export * from './environment.js';
export type { NamedToken } from './named-tokens.js';
export * from './read-settings.js';
export { type SettingView, viewSettings } from './setting-views.js';
export { type UnknownSetting, unknownSettings } from './unknown-settings.js';
