/** Moves the focus to an element. Pass this function itself to lit and not a new closure, because lit calls a new function at each draw. */
export function focus(element: Element | undefined): void {
  (element as HTMLElement | undefined)?.focus();
}
