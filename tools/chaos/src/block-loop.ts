/** The duration of `blockLoop`, in ms. The event loop is busy for 0.8 s of each second. */
export const BLOCKED_MS = 5_000;
const BUSY_MS = 800;
const FREE_MS = 200;

/** Blocks the event loop of this process for four fifths of `BLOCKED_MS`. */
export function blockLoop(): void {
  const end = performance.now() + BLOCKED_MS;
  const busy = (): void => {
    if (performance.now() > end) return;
    const until = performance.now() + BUSY_MS;
    while (performance.now() < until);
    setTimeout(busy, FREE_MS);
  };
  busy();
}
