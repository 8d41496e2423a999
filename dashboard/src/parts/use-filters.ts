import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Search } from '../router.js';

export type SetFilters = (changes: Search, options?: { readonly replace?: boolean }) => void;

/**
 * Returns the filters in the address of the page, and a function that changes them. Each change is one step back in the browser's history,
 * unless it replaces the current one.
 */
export function useFilters(): readonly [Search, SetFilters] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback<SetFilters>(
    (changes, { replace = false } = {}) => {
      void navigate({ to: '.', search: (before: Search) => ({ ...before, ...changes }), replace, resetScroll: false });
    },
    [navigate],
  );
  return [search, change];
}
