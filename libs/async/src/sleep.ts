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

/**
 * Returns a random duration from 0.5 to 1.5 times `ms`. Many processes that react to one event then do not act at the same moment.
 *
 * @param random returns a number from 0 to below 1
 */
export function jittered(ms: number, random: () => number = Math.random): number {
  return ms * (0.5 + random());
}
