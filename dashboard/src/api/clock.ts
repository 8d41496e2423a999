import { useSyncExternalStore } from 'react';

/** All components share one timer, because a page may show hundreds of ages. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Computes a value from the time, in ms since 1970, each second. The component renders again only when the value changes. */
export function useEverySecond<T extends string | number>(compute: (now: number) => T): T {
  return useSyncExternalStore(subscribe, () => compute(timer === undefined ? Date.now() : now));
}
