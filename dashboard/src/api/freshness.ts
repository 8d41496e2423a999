import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { sentenceOf } from './api-error.js';
import { ANSWER_MS } from './client.js';

/** Time between two polls of facts that change all the time. */
export const POLL_MS = 2_000;
/** Facts that are older than this are stale, also when no request has failed: the browser may have suspended the page. */
const STALE_MS = 2 * POLL_MS + ANSWER_MS;

export interface Freshness {
  /** The time of the oldest answer on the page, in ms since 1970 by the browser's clock; null: there is no answer yet. */
  readonly since: number | null;
  /** The reason why the facts are stale; null: they are current. */
  readonly problem: string | null;
}

/** Returns how old the facts on the page are. Only queries that poll count. */
export function useFreshness(): Freshness {
  const client = useQueryClient();
  const [freshness, setFreshness] = useState<Freshness>({ since: null, problem: null });
  useEffect(() => {
    const update = () => {
      const live = client
        .getQueryCache()
        .findAll({ type: 'active' })
        .filter(({ meta }) => meta?.live === true);
      const answered = live.map(({ state }) => state.dataUpdatedAt).filter((at) => at > 0);
      const since = answered.length > 0 ? Math.min(...answered) : null;
      const failed = live.find(({ state }) => state.error !== null || state.fetchFailureReason !== null);
      const isOld = since !== null && Date.now() - since > STALE_MS;
      const reason = failed ? sentenceOf(failed.state.error ?? failed.state.fetchFailureReason) : 'The gateway has not answered.';
      const problem = failed || isOld ? reason : null;
      setFreshness((before) => (before.since === since && before.problem === problem ? before : { since, problem }));
    };
    update();
    const stop = client.getQueryCache().subscribe(() => queueMicrotask(update));
    const timer = setInterval(update, 1_000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [client]);
  return freshness;
}
