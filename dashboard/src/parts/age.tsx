import { useNow } from '../api/freshness.js';
import { age, dayTime } from './format.js';

/** A time as its distance from now: `12 s ago`. The exact time is its title. */
export function Age({ at, suffix = ' ago' }: { readonly at: number; readonly suffix?: string }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={dayTime(at)}>
      {age(now - at)}
      {suffix}
    </time>
  );
}
