/** How often a process asks whether a store that was restarted is settled, in ms; after that, never. */
export const LOOK_MS = 50;
/**
 * The settlement does not wait longer than this for a server that has no record, is suspect or is unheard, in ms. A living server writes
 * its record again within half a second.
 */
export const LISTED_AGAIN_MS = 5_000;
/** A store that takes longer than this to settle is reported, in ms. */
export const UNSETTLED_TOLD_MS = 5_000;
/** How long a request waits for the store to settle, in ms; then it fails and may be repeated. */
export const SETTLE_WAIT_MS = 4_000;
