export const EDGE_OPTIONS = Symbol('EdgeOptions');

/** The limits and times of a gateway. The settings of the same names document the reasons. */
export interface EdgeOptions {
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number;
  readonly allowedOrigins: readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-Host` and `X-Forwarded-For` the gateway believes. */
  readonly trustedProxies: readonly string[];
  readonly helloTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly messagesPerSecond: number;
  readonly messagesBurst: number;
  readonly bytesPerSecond: number;
  readonly bytesBurst: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddress: number;
  readonly connectionsWindowMs: number;
  readonly hellosPendingMax: number;
  readonly httpTimeoutMs: number;
  readonly watchersPerRoom: number;
  /** Most rooms in one answer of `rooms.list`. The price of the operation grows with it. */
  readonly roomsListedMax: number;
  readonly backlogBytesMax: number;
  readonly backlogTimeoutMs: number;
  readonly seatGraceMs: number;
  readonly sessionTtlMs: number;
  /** The answer to a login by a user who already has a session: end that session, or refuse the login. */
  readonly secondLogin: 'takeover' | 'refuse';
}

/**
 * The gateway closes a connection at once when its backlog exceeds this many times `backlogBytesMax`. Such a client sends requests and does
 * not read.
 */
export const BACKLOGS_MAX = 4;
/**
 * Rate of requests from one address to lobbies and the store, in messages a second by price, for each connection that the address may have.
 * A player on the lobby's page needs about this rate. A player in a game needs none.
 */
export const OPERATIONS_PER_CONNECTION = 8;
/** Burst of such requests, in messages by price, for each connection that the address may have. */
export const OPERATIONS_BURST_PER_CONNECTION = 20;
/** Smallest burst of an address, also when it may have few connections. */
export const OPERATIONS_BURST_MIN = 200;
/** Time in which an empty bucket fills, in ms. The gateway keeps an address this long, so that it gains no burst by disconnecting. */
export const OPERATIONS_REFILL_MS = (1_000 * Math.max(OPERATIONS_BURST_PER_CONNECTION, OPERATIONS_BURST_MIN)) / OPERATIONS_PER_CONNECTION;
/** Most requests of one session without an answer. */
export const REQUESTS_MAX = 16;
/** Most commands that are delayed for a session while its room has no owner, and the time for which they are delayed, in ms. */
export const DELAYED_COMMANDS_MAX = 64;
export const DELAYED_COMMANDS_MS = 15_000;
/** Interval at which the gateway repeats requests for sessions without an attachment to their known owner, in ms. A lost link may be open again. */
export const LOST_POLL_MS = 250;
/** Interval at which the gateway reads the records of their rooms, in addition to publications, in ms. */
export const LOST_READ_MS = 1_000;
/** Time after which the gateway repeats a request to an owner that has not answered, in ms. Longer than an adoption takes. */
export const ATTACH_TIMEOUT_MS = 3_000;
/** Most sessions in one request to an owner. It has about 30 KB then, far below the limit of a link's frame. */
export const ATTACHED_AT_ONCE_MAX = 200;
/** Time in which the gateway polls all followed rooms once, in ms. Publications may be lost. */
export const FOLLOW_POLL_MS = 10_000;
/** Interval at which the gateway polls the next few of these rooms, in ms. */
export const FOLLOW_TICK_MS = 100;
/** Time for which the gateway waits for the owner's last frames after the record shows the end of the game, in ms. */
export const OWNER_END_WAIT_MS = 250;
/** Time that a client has to read the last message before the gateway closes the connection, in ms. */
export const GOODBYE_MS = 500;
/** Time after which a session without a connection becomes away for the other members, in ms. Most players reconnect sooner. */
export const AWAY_AFTER_MS = 1_500;
/** Most users of a lost gateway in one request to a lobby. Each user costs the lobby a few reads and a write. */
export const AWAY_AT_ONCE = 64;
/** Time after which the gateway sends the request about users of a lost gateway again when there is no lobby, in ms. */
export const AWAY_RETRY_MS = 500;
/** Time after which a request to a lobby without an answer fails, in ms. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** Most departures without an answer. While there is no lobby, only players who log in and leave add to them. */
export const DEPARTURES_MAX = 10_000;
/** Most departures that the gateway sends again in one tick. */
export const DEPARTURES_AT_ONCE = 64;
/** Interval of the sweep for sessions whose gateway ended without a notice, in ms. */
export const GATEWAY_SWEEP_MS = 5_000;
/** Lease on the cleanup of one such gateway, in ms. The holder renews it at a third. */
export const CLEANUP_LEASE_MS = 10_000;
/** Time after which the gateway compares rooms again when the settled store did not answer, in ms. */
export const COMPARE_RETRY_MS = 100;
/** Time after which the gateway reads a missing room again when the store is possibly not settled, in ms. */
export const UNSETTLED_READ_MS = 250;
/** Time after which the gateway tries again to restore lost data in a restarted store, in ms. */
export const RESTORE_RETRY_MS = 100;
/** When the store falls back within this time after a departure or a leave, the gateway sends it again. In ms. */
export const LEFT_KEPT_MS = 60_000;
/** Most times that the gateway sends a search again which the store lost. */
export const SEARCH_TRIES_MAX = 5;
/** Longest time for which a lobby's answer waits until this gateway has the record that the answer is about, in ms. */
export const RECORD_WAIT_MS = 2_000;
/** Time after which the gateway regards a publication as lost and reads the record, in ms. */
export const RECORD_READ_MS = 100;
