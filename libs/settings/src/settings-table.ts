import { SETTINGS } from './definitions.js';
import type { Setting } from './setting.js';
import type { Group } from './setting-group.js';

/** All settings as a table for the README. */
export function settingsTable(): string {
  const rows = Object.values<Group>(SETTINGS).flatMap(({ servers, settings }) =>
    Object.values(settings).map((setting) => {
      const { variable, allowed, meaning } = setting;
      const cells = [`\`${variable}\``, servers.length === 3 ? 'all' : servers.join(', '), fallbackOf(setting), allowed, meaning];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    }),
  );
  return ['| variable | read by | default | allowed | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function fallbackOf({ fallback, fallbackText }: Setting<unknown>): string {
  if (fallbackText !== undefined) return fallbackText;
  if (!fallback) return 'none: must be set';
  return `\`${String(fallback({ type: 'game', isTerminal: false }))}\``;
}
