import { Button } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { SetFilters } from './use-filters.js';

interface PagerProps {
  /** The cursor of the page that is shown; undefined: the first page. */
  readonly after: string | undefined;
  /** The cursor of the next page; null: this is the last one. */
  readonly next: string | null;
  readonly setFilters: SetFilters;
  readonly children: ReactNode;
}

/** The buttons for the pages of a list. The address holds the page, so the browser's own Back works too. */
export function Pager({ after, next, setFilters, children }: PagerProps) {
  const router = useRouter();
  return (
    <div className="pager">
      <span className="aside">{children}</span>
      {(after !== undefined || next !== null) && (
        <span className="pager-buttons">
          <Button variant="default" disabled={after === undefined} onClick={() => setFilters({ after: undefined })}>
            First
          </Button>
          <Button variant="default" disabled={after === undefined} onClick={() => router.history.back()}>
            Back
          </Button>
          <Button variant="default" disabled={next === null} onClick={() => setFilters({ after: next ?? undefined, selected: undefined })}>
            Next
          </Button>
        </span>
      )}
    </div>
  );
}
