/** Moves the focus within a board of buttons with the arrow keys, Home and End. A press of Tab moves the focus out of the board. */
export function moveFocus(event: KeyboardEvent, columns: number): void {
  const cells = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLButtonElement>('button[data-cell]')];
  const at = cells.indexOf(document.activeElement as HTMLButtonElement);
  const to = at < 0 ? null : cellTo(event.key, at, columns, cells.length);
  if (to === null) return;
  event.preventDefault();
  for (const cell of cells) cell.tabIndex = -1;
  cells[to]!.tabIndex = 0;
  cells[to]!.focus();
}

/**
 * Returns the cell to which a key moves the focus from the cell `at`. Null: the key does not move the focus, or there is no further cell in
 * its direction.
 */
export function cellTo(key: string, at: number, columns: number, count: number): number | null {
  const column = at % columns;
  switch (key) {
    case 'ArrowLeft':
      return column > 0 ? at - 1 : null;
    case 'ArrowRight':
      return column < columns - 1 ? at + 1 : null;
    case 'ArrowUp':
      return at >= columns ? at - columns : null;
    case 'ArrowDown':
      return at + columns < count ? at + columns : null;
    case 'Home':
      return at - column;
    case 'End':
      return at - column + columns - 1;
    default:
      return null;
  }
}
