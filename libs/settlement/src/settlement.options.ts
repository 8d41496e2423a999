/** Interval at which a process reads whether a restarted store is settled, in ms. The process stops reading when the store is settled. */
export const POLL_MS = 50;
/**
 * Longest time for which the settlement waits for a server that has no record, is suspect or is unheard, in ms. A living server writes its
 * record again within half a second. Without this limit, one dead server could prevent the settlement forever.
 */
export const LISTED_AGAIN_MS = 5_000;
/** When the store has not been settled for this time, in ms, a process logs `store.unsettled`. */
export const UNSETTLED_WARN_MS = 5_000;
/**
 * Longest time for which a request waits until the store is settled, in ms. After this time the request fails with `unavailable`, and the
 * caller may repeat it.
 */
export const SETTLE_WAIT_MS = 4_000;
/**
 * Time after a start of Redis within which all living servers have registered again, in ms. They try to connect every 50 ms and then write
 * their records.
 */
export const RELISTED_MS = 2_000;
