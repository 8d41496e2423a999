import { type Freshness, useNow } from '../api/freshness.js';
import { duration } from '../parts/format.js';

/** A small sign in the header: the facts are live, or how old they are. */
export function FreshnessSign({ freshness: { problem, since } }: { readonly freshness: Freshness }) {
  const now = useNow();
  if (since === null && problem === null) return <span className="freshness" />;
  if (problem === null) return <span className="freshness live">Live</span>;
  return <span className="freshness stale">{since === null ? 'No answer' : `${duration(Math.max(0, now - since))} old`}</span>;
}
