/** Moves the focus to an element. It is one shared function, because lit would call a new function again at each draw. */
export function focus(element: Element | undefined): void {
  (element as HTMLElement | undefined)?.focus();
}
