import { useEverySecond } from '../api/clock.js';
import { age, dayTime } from './format.js';

/** A time as its distance from now: `12 s ago`. The exact time is its title. */
export function Age({ at, suffix = ' ago' }: { readonly at: number; readonly suffix?: string }) {
  const text = useEverySecond((now) => age(now - at));
  return (
    <time dateTime={new Date(at).toISOString()} title={dayTime(at)}>
      {text}
      {suffix}
    </time>
  );
}
