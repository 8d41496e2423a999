/**
 * Moves the focus to an element. Pass this function itself as `whenShown`. With a new closure at each render, lit would move the focus
 * each time.
 */
export function focus(element: Element | undefined): void {
  (element as HTMLElement | undefined)?.focus();
}
