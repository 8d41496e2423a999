import { useCallback, useMemo } from 'react';
import { useFilters } from './use-filters.js';

/** The selected rows of a table, which the address keeps. Rows that are gone are not selected any more. */
export function useSelection(present: readonly string[]) {
  const [{ selected: text = '' }, setFilters] = useFilters();
  // A text is equal after a poll that changed nothing about it. A new set would render all rows again.
  const chosen = text === '' ? '' : present.filter((key) => text.split(' ').includes(key)).join(' ');
  const selected = useMemo(() => new Set(chosen === '' ? [] : chosen.split(' ')), [chosen]);
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
