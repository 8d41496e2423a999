/** How long, and of each second how much. */
export const BLOCKED_MS = 5_000;
const BUSY_MS = 800;
const FREE_MS = 200;

/** The event loop of this process does nothing else for four fifths of some seconds. */
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
