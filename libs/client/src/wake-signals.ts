type Target = Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>;

/**
 * Calls `woke` when the device may be back: it is online again, the page is shown again, or the tab is in the foreground. Never calls
 * `woke` in Node. Returns a function that removes the listeners.
 */
export function onWake(woke: () => void): () => void {
  const { document } = globalThis as { document?: Target & { readonly hidden?: boolean } };
  const whole = globalThis as Target;
  const onVisible = (): void => {
    if (!document?.hidden) woke();
  };
  const sources = [
    [whole, 'online', woke],
    [whole, 'pageshow', woke],
    [document, 'resume', woke],
    [document, 'visibilitychange', onVisible],
  ] as const;
  for (const [target, name, listener] of sources) target?.addEventListener?.(name, listener);
  return () => {
    for (const [target, name, listener] of sources) target?.removeEventListener?.(name, listener);
  };
}
