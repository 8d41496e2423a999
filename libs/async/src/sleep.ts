/**
 * Resolves after `ms` milliseconds.
 *
 * @param options.isBackground true: the timer does not keep the process alive
 */
export function sleep(ms: number, { isBackground = false }: { readonly isBackground?: boolean } = {}): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (isBackground) timer.unref();
  });
}

/** A duration between half and one and a half times `ms`, so that many processes that wait for one thing do not return at once. */
export function jittered(ms: number, random: () => number = Math.random): number {
  return ms * (0.5 + random());
}
