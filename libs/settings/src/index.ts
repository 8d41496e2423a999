export * from './definitions.js';
export * from './environment.js';
export * from './read-settings.js';
export { type SettingView, viewSettings } from './setting-views.js';
export { type UnknownSetting, unknownSettings } from './unknown-settings.js';
