import { type FocusEvent, type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';

interface FocusedPlace {
  readonly row: string;
  /** Position among the focusable elements of the row. */
  readonly element: number;
}

/**
 * Keeps the keyboard focus in the same row of a table. A browser drops the focus when the element moves to another place of the table.
 *
 * @returns a listener for the body of the table, and the key of the row with the focus, which must stay rendered
 */
export function useKeptFocus(body: RefObject<HTMLElement | null>) {
  const place = useRef<FocusedPlace | null>(null);
  const [focusedRow, setFocusedRow] = useState<string | null>(null);
  const onFocus = useCallback((event: FocusEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-key]');
    if (!row) return;
    place.current = { row: row.dataset.key as string, element: focusables(row).indexOf(event.target as HTMLElement) };
    setFocusedRow(place.current.row);
  }, []);
  const onBlur = useCallback((event: FocusEvent) => {
    // An element that is moved loses the focus while it is in no document. In every other case, the operator has left the row.
    if (!(event.target as HTMLElement).isConnected) return;
    place.current = null;
    setFocusedRow(null);
  }, []);
  useLayoutEffect(() => {
    if (!place.current || document.activeElement !== document.body) return;
    const row = body.current?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(place.current.row)}"]`);
    if (row) focusables(row)[place.current.element]?.focus({ preventScroll: true });
  });
  return { onFocus, onBlur, focusedRow };
}

function focusables(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('a[href], button, input')];
}
