import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Search } from '../router.js';

export type SetFilters = (changes: Search, options?: { readonly replace?: boolean }) => void;

/** Changes which rows a list shows. The list shows its first page, and no row is selected. */
export type FilterBy = (changes: Search) => void;

/**
 * Returns the filters in the address of the page, and two functions that change them. Each change is one step back in the browser's
 * history, unless it replaces the current one.
 */
export function useFilters(): readonly [Search, SetFilters, FilterBy] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback<SetFilters>(
    (changes, { replace = false } = {}) => {
      void navigate({ to: '.', search: (before: Search) => ({ ...before, ...changes }), replace, resetScroll: false });
    },
    [navigate],
  );
  const filterBy = useCallback<FilterBy>((changes) => change({ ...changes, after: undefined, selected: undefined }), [change]);
  return [search, change, filterBy];
}
