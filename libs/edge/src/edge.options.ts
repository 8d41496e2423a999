export const EDGE_OPTIONS = Symbol('EdgeOptions');

/**
 * The limits and durations of a gateway. `docs/settings.md` describes each field under the name of its setting, such as `HELLO_TIMEOUT_MS`
 * for `helloTimeoutMs`.
 */
export interface EdgeOptions {
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number;
  readonly allowedOrigins: readonly string[];
  /** Addresses and networks of proxies whose headers the gateway trusts. */
  readonly trustedProxies: readonly string[];
  /** The headers in which trusted proxies send the address of the client: `Forwarded`, or `X-Forwarded-For` and `X-Forwarded-Host`. */
  readonly forwardedHeaders: 'x-forwarded' | 'forwarded';
  /** The ports on which trusted proxies begin each connection with a PROXY header. */
  readonly proxyProtocol: 'off' | 'tcp' | 'websocket' | 'both';
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
  /** Maximum number of rooms in one answer of `rooms.list`. The price of the operation grows with this number. */
  readonly roomsListedMax: number;
  readonly backlogBytesMax: number;
  readonly backlogTimeoutMs: number;
  readonly seatGraceMs: number;
  readonly sessionTtlMs: number;
  /** Decides about a login by a user who already has a session. `takeover`: the earlier session ends. `refuse`: the login is refused. */
  readonly secondLogin: 'takeover' | 'refuse';
}

/**
 * Backlog at which the gateway closes a connection at once, as a multiple of `backlogBytesMax`. Only a client that sends requests without
 * reading the answers has a backlog of this size.
 */
export const BACKLOGS_MAX = 4;
/**
 * Rate at which the budget of an address for requests refills, in messages per second for each allowed connection. All players of the
 * address share this budget, and each request takes its price from it. One player who browses rooms needs about this rate. Commands of a
 * game take nothing from this budget.
 */
export const OPERATIONS_PER_CONNECTION = 8;
/** Maximum budget of an address for requests, in messages for each allowed connection. */
export const OPERATIONS_BURST_PER_CONNECTION = 20;
/**
 * Lower bound for the maximum budget of an address, in messages. Without it, an address with few allowed connections could not send one
 * expensive request.
 */
export const OPERATIONS_BURST_MIN = 200;
/**
 * Maximum time in ms until an empty budget of an address is full again. The gateway remembers an address for at least this time. Otherwise
 * a client could get a new budget by a reconnect.
 */
export const OPERATIONS_REFILL_MS = (1_000 * Math.max(OPERATIONS_BURST_PER_CONNECTION, OPERATIONS_BURST_MIN)) / OPERATIONS_PER_CONNECTION;
/** Time between two reads of the lists of rooms that players follow, in ms. */
export const LIST_FEED_MS = 500;
/** Maximum number of distinct lists that one gateway follows. All sessions with the same query share one list. */
export const LIST_FEEDS_MAX = 128;
/**
 * Maximum backlog, in bytes, with which a connection still receives the changes of its list of rooms. A client with a larger backlog gets
 * no changes. It gets the whole list after it has read the backlog.
 */
export const EDGE_BACKLOG_LIST_BYTES = 65_536;
/** Maximum number of wrong invite codes and passwords that one address may send in a burst. */
export const GUESSES_BURST = 10;
/** Maximum average rate of wrong invite codes and passwords of one address, per second. The rate equals ten per minute. */
export const GUESSES_PER_SECOND = 1 / 6;
/** Time that the empty budget for wrong invite codes and passwords needs to refill, in ms. */
export const GUESSES_REFILL_MS = (1_000 * GUESSES_BURST) / GUESSES_PER_SECOND;
/** Maximum number of requests of one session that no lobby has answered yet. The gateway refuses further requests with `busy`. */
export const REQUESTS_MAX = 16;
/**
 * Maximum number of commands that the gateway delays for one session while the room of the session has no owner. The gateway refuses
 * further commands with `busy`.
 */
export const DELAYED_COMMANDS_MAX = 64;
/**
 * Maximum time for which the gateway delays the commands of a session, in ms. After this time, the gateway refuses the commands with
 * `unavailable`.
 */
export const DELAYED_COMMANDS_MS = 15_000;
/** Interval in ms at which the gateway requests missing attachments again, because a lost link to the owner may be open again. */
export const LOST_POLL_MS = 250;
/**
 * Interval at which the gateway reads the room records of sessions that wait for an attachment, in ms, because a publication may be lost.
 */
export const LOST_READ_MS = 1_000;
/** Time after which the gateway repeats a `room.attach` that the owner has not answered, in ms. An adoption takes less time. */
export const ATTACH_TIMEOUT_MS = 3_000;
/**
 * Maximum number of sessions in one `room.attach`. A `room.attach` of this size has about 30 KB, far below the limit of a frame on a link.
 */
export const ATTACHED_AT_ONCE_MAX = 200;
/** Period in ms within which the gateway compares each followed room once with the store, because publications may be lost. */
export const FOLLOW_POLL_MS = 10_000;
/** Interval in ms between two comparisons of followed rooms with the store. Each comparison covers a few of the rooms. */
export const FOLLOW_TICK_MS = 100;
/** Time for which the gateway waits for the owner's last frames after the record shows the end of a game, in ms. */
export const OWNER_END_WAIT_MS = 250;
/** Time for which the gateway waits until the client has read the last message, in ms. Afterwards the gateway destroys the socket. */
export const GOODBYE_MS = 500;
/**
 * Time without a connection, in ms, after which the members of the room see a player as away. Most players reconnect within this time, so
 * the members do not see them as away.
 */
export const AWAY_AFTER_MS = 1_500;
/**
 * Maximum number of users of a lost gateway in one request to a lobby. For each user, the lobby sends a few reads and one write to Redis.
 */
export const AWAY_AT_ONCE = 64;
/** Time after which the gateway repeats a failed request to mark users of a lost gateway as away, in ms. */
export const AWAY_RETRY_MS = 500;
/** Time after which a request to a lobby without an answer fails, in ms. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** Maximum number of departures that no lobby has answered yet. At this limit the gateway drops the oldest departure. */
export const DEPARTURES_MAX = 10_000;
/** Maximum number of departures that the gateway sends again in one tick. */
export const DEPARTURES_AT_ONCE = 64;
/** Interval at which the gateway searches for sessions of gateways that ended without a notice, in ms. */
export const GATEWAY_SWEEP_MS = 5_000;
/**
 * Duration of the lease on the cleanup of one ended gateway, in ms. The holder renews the lease each time a third of this duration has
 * passed.
 */
export const CLEANUP_LEASE_MS = 10_000;
/** Delay in ms before the gateway repeats a failed comparison of rooms with the settled store. */
export const COMPARE_RETRY_MS = 100;
/** Delay in ms before the gateway reads a missing room again. A server can still restore the room until the store is settled. */
export const UNSETTLED_READ_MS = 250;
/**
 * Interval in ms at which the gateway renews the stored room of each connected user. After a renewal, the store keeps the room of the user
 * for at least a day.
 */
export const USERS_RENEW_MS = 3_600_000;
/**
 * Delay in ms before the gateway repeats a failed restoration of lost data. Also the delay before it repeats a player's request after a
 * restart of the store.
 */
export const RESTORE_RETRY_MS = 100;
/**
 * After the store lost data, the gateway refuses an unknown session with `unavailable` for this time, in ms. The gateways need only about a
 * second to detect the loss and to restore their sessions.
 */
export const LOST_SESSION_WAIT_MS = 3_000;
/**
 * Time for which the gateway remembers a departure, or a room that a session has left, in ms. If the store falls back to an older state
 * within this time, the gateway sends the departure or the leave again.
 */
export const LEFT_KEPT_MS = 60_000;
/**
 * Interval at which the gateway compares a search with its ticket in the store, in ms. A player whose message about the search was lost
 * waits at most this long.
 */
export const SEARCH_CHECK_MS = 10_000;
/** Maximum number of searches in one comparison. A gateway begins a comparison once a second. */
export const SEARCH_CHECKS_AT_ONCE = 500;
/** Maximum number of attempts to repeat a search whose ticket the store has lost. */
export const SEARCH_TRIES_MAX = 5;
/** Maximum time for which the gateway delays a lobby's answer while the record of the answer's room has not arrived, in ms. */
export const RECORD_WAIT_MS = 2_000;
/** Time after which the gateway regards a publication as lost and reads the record, in ms. */
export const RECORD_READ_MS = 100;
