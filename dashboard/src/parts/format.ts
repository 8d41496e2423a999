const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const DAY_TIME = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const DAY_MS = 86_400_000;

/** The sign for a fact that is not known or does not apply. */
export const NONE = '–';

export function number(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : NUMBER.format(value);
}

export function compact(value: number): string {
  return value < 10_000 ? NUMBER.format(value) : COMPACT.format(value);
}

export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : `${Math.round(value)} %`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  const units = ['B', 'KB', 'MB', 'GB'];
  let size = value;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit++;
  }
  return `${NUMBER.format(size >= 100 ? Math.round(size) : size)} ${units[unit]}`;
}

/** Formats a duration: `340 ms`, `2.1 s`, `3 m 20 s`, `5 h 10 m`, `2 d 4 h`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  if (ms < 1_000) return `${NUMBER.format(ms < 10 ? ms : Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return parts(minutes, 'm', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return parts(hours, 'h', minutes % 60, 'm');
  return parts(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/**
 * Formats the distance from a time in whole seconds. The clocks of browser and fleet may differ, so a small negative distance counts as
 * none.
 */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1_000);
}

function parts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Formats a time of the last day as a time, and an older one with its date. */
export function time(at: number): string {
  return Date.now() - at < DAY_MS / 2 ? TIME.format(at) : DAY_TIME.format(at);
}

export function dayTime(at: number): string {
  return DAY_TIME.format(at);
}

/** Shortens `hf:game:1` to `game:1`, because the prefix of the fleet is the same for all servers. */
export function shortServer(id: string): string {
  const [, ...rest] = id.split(':');
  return rest.length >= 2 ? rest.join(':') : id;
}
