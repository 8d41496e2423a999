import { useCallback, useMemo } from 'react';
import { useFilters } from './use-filters.js';

/** The selected rows of a table, which the address keeps. Rows that are gone are not selected any more. */
export function useSelection(present: readonly string[]) {
  const [{ selected: text = '' }, setFilters] = useFilters();
  const selected = useMemo(() => {
    const chosen = new Set(text.split(' '));
    return new Set(present.filter((key) => chosen.has(key)));
  }, [text, present]);
  const toggle = useCallback(
    (key: string) => {
      const next = new Set(selected);
      if (!next.delete(key)) next.add(key);
      setFilters({ selected: [...next].join(' ') }, { replace: true });
    },
    [selected, setFilters],
  );
  const clear = useCallback(() => setFilters({ selected: undefined }, { replace: true }), [setFilters]);
  return { selected, toggle, clear };
}
