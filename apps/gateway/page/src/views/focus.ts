/** Moves the focus to an element. Pass this function to lit directly. If you pass a closure, lit moves the focus at each draw. */
export function focus(element: Element | undefined): void {
  (element as HTMLElement | undefined)?.focus();
}
