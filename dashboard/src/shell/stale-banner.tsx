import { useEverySecond } from '../api/clock.js';
import type { Freshness } from '../api/freshness.js';

/** Says that the gateway does not answer, and how old the facts on the page are. */
export function StaleBanner({ freshness: { problem, since } }: { readonly freshness: Freshness }) {
  return (
    <section className="stale-banner" aria-label="Connection" hidden={problem === null}>
      {/* A screen reader announces the problem once, and not the age with each second. */}
      <span role="alert">{problem}</span> {problem !== null && since !== null && <FactsAge since={since} />}
    </section>
  );
}

function FactsAge({ since }: { readonly since: number }) {
  const seconds = useEverySecond((now) => Math.max(0, Math.round((now - since) / 1_000)));
  return <span>What you see is {seconds} seconds old. Another gateway may answer.</span>;
}
