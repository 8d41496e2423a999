import { useEverySecond } from '../api/clock.js';
import type { Freshness } from '../api/freshness.js';
import { age } from '../parts/format.js';

/** A small sign in the header: the facts are live, or how old they are. */
export function FreshnessSign({ freshness: { problem, since } }: { readonly freshness: Freshness }) {
  const old = useEverySecond((now) => (since === null ? '' : age(now - since)));
  if (since === null && problem === null) return <span className="freshness" />;
  if (problem === null) return <span className="freshness live">Live</span>;
  return <span className="freshness stale">{since === null ? 'No answer' : `${old} old`}</span>;
}
