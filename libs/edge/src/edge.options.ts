export const EDGE_OPTIONS = Symbol('EdgeOptions');

/**
 * The limits and times of a gateway. The settings with the corresponding names, such as `HELLO_TIMEOUT_MS` for `helloTimeoutMs`, document
 * them.
 */
export interface EdgeOptions {
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number;
  readonly allowedOrigins: readonly string[];
  /** Addresses and networks of proxies whose headers the gateway believes. */
  readonly trustedProxies: readonly string[];
  /** The headers in which trusted proxies name the client: `Forwarded`, or `X-Forwarded-For` and `X-Forwarded-Host`. */
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
  /** Decides about a login by a user who already has a session. `takeover`: the other session ends. `refuse`: the login is refused. */
  readonly secondLogin: 'takeover' | 'refuse';
}

/**
 * The gateway closes a connection at once when its backlog exceeds this many times `backlogBytesMax`. A backlog becomes so large only when
 * a client sends requests and does not read the answers.
 */
export const BACKLOGS_MAX = 4;
/**
 * Rate at which the budget of an address refills, in messages per second for each connection that the address may have. All players of the
 * address share this budget for requests to lobbies and the store, and each request counts by its price. A player who browses rooms needs
 * about this rate. A player in a game sends no such requests.
 */
export const OPERATIONS_PER_CONNECTION = 8;
/** Maximum budget of an address, in messages for each connection that the address may have. Each request counts by its price. */
export const OPERATIONS_BURST_PER_CONNECTION = 20;
/**
 * Minimum burst of the budget of an address, in messages counted by their price. Without this minimum, an address with few allowed
 * connections could not pay for one expensive operation.
 */
export const OPERATIONS_BURST_MIN = 200;
/**
 * Longest time that an empty budget of an address needs to refill, in ms. The gateway remembers an address for at least this time after its
 * last new socket, so that a client gets no new burst by reconnecting.
 */
export const OPERATIONS_REFILL_MS = (1_000 * Math.max(OPERATIONS_BURST_PER_CONNECTION, OPERATIONS_BURST_MIN)) / OPERATIONS_PER_CONNECTION;
/** Time between two reads of the lists of rooms that players follow, in ms. */
export const LIST_FEED_MS = 500;
/** Maximum number of distinct lists that one gateway follows. All sessions with the same query share one list. */
export const LIST_FEEDS_MAX = 128;
/**
 * Maximum backlog of a connection that receives changes of its list, in bytes. A client with a larger backlog gets the whole list after it
 * has read the backlog.
 */
export const EDGE_BACKLOG_LIST_BYTES = 65_536;
/** Number of wrong invite codes and passwords that one address may send at once. */
export const GUESSES_BURST = 10;
/** Number of wrong invite codes and passwords that one address may send, per second on average. It allows ten a minute. */
export const GUESSES_PER_SECOND = 1 / 6;
/** Time that the empty budget for wrong invite codes and passwords needs to refill, in ms. */
export const GUESSES_REFILL_MS = (1_000 * GUESSES_BURST) / GUESSES_PER_SECOND;
/** Maximum number of requests of one session that no lobby has answered yet. The gateway refuses further requests with `busy`. */
export const REQUESTS_MAX = 16;
/**
 * Maximum number of commands that the gateway delays for one session while its room has no owner. It refuses further commands with `busy`.
 */
export const DELAYED_COMMANDS_MAX = 64;
/** Maximum time for which the gateway delays the commands of a session, in ms. After it, the gateway refuses them with `unavailable`. */
export const DELAYED_COMMANDS_MS = 15_000;
/**
 * Interval at which the gateway repeats the requests for missing attachments, in ms. It repeats them because a lost link to an owner may be
 * open again.
 */
export const LOST_POLL_MS = 250;
/**
 * Interval at which the gateway reads the room records of sessions that wait for an attachment, in ms, because a publication may be lost.
 */
export const LOST_READ_MS = 1_000;
/** Time after which the gateway repeats a `room.attach` that the owner has not answered, in ms. An adoption takes less time. */
export const ATTACH_TIMEOUT_MS = 3_000;
/**
 * Maximum number of sessions in one `room.attach`. An event with this many sessions has about 30 KB, far below the limit of a frame on a
 * link.
 */
export const ATTACHED_AT_ONCE_MAX = 200;
/** Time in which the gateway compares each followed room once with the store, in ms, because publications may be lost. */
export const FOLLOW_POLL_MS = 10_000;
/** Interval at which the gateway compares the next few followed rooms with the store, in ms. */
export const FOLLOW_TICK_MS = 100;
/** When the record shows the end of a game, the gateway waits this long for the owner's last frames, in ms. */
export const OWNER_END_WAIT_MS = 250;
/** After the last message, the gateway waits this long for the client to read it, in ms. Then it destroys the socket. */
export const GOODBYE_MS = 500;
/** Time without a connection after which the other members see the player as away, in ms. Most players reconnect sooner. */
export const AWAY_AFTER_MS = 1_500;
/** Maximum number of users of a lost gateway in one request to a lobby. For each user, the lobby makes a few reads and a write. */
export const AWAY_AT_ONCE = 64;
/** Time after which the gateway repeats a failed request to mark users of a lost gateway as away, in ms. */
export const AWAY_RETRY_MS = 500;
/** Time after which a request to a lobby without an answer fails, in ms. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** Maximum number of departures that no lobby has answered yet. At this limit the gateway drops the oldest departure. */
export const DEPARTURES_MAX = 10_000;
/** Maximum number of departures that the gateway sends again in one tick. */
export const DEPARTURES_AT_ONCE = 64;
/** Interval of the sweep for sessions whose gateway ended without a notice, in ms. */
export const GATEWAY_SWEEP_MS = 5_000;
/** Duration of the lease on the cleanup of one ended gateway, in ms. The holder renews it after a third of this time. */
export const CLEANUP_LEASE_MS = 10_000;
/** Pause before the gateway repeats a comparison of rooms that the settled store did not answer, in ms. */
export const COMPARE_RETRY_MS = 100;
/** Time after which the gateway reads a missing room again when it is not certain that the store is settled, in ms. */
export const UNSETTLED_READ_MS = 250;
/**
 * Interval at which the gateway renews the users' rooms in the store while the users are connected, in ms. After a renewal, the store knows
 * the room of a user for at least a day.
 */
export const USERS_RENEW_MS = 3_600_000;
/** Pause in ms before the gateway retries a failed restoration of lost data, or repeats a player's request after a restart of the store. */
export const RESTORE_RETRY_MS = 100;
/**
 * After the store lost data, the gateway refuses an unknown session with `unavailable` for this time, in ms. Meanwhile each gateway detects
 * the loss and restores its sessions, which takes about a second.
 */
export const LOST_SESSION_WAIT_MS = 3_000;
/**
 * Time for which the gateway remembers a departure, or a room that a session has left, in ms. If the store falls back within this time, the
 * gateway sends the departure or the leave again.
 */
export const LEFT_KEPT_MS = 60_000;
/** Time between two comparisons of a search with its ticket, in ms. A player whose message was lost waits at most this long. */
export const SEARCH_CHECK_MS = 10_000;
/** Maximum number of searches in one comparison. A gateway begins a comparison once a second. */
export const SEARCH_CHECKS_AT_ONCE = 500;
/** Maximum number of attempts to repeat a search for a match that the store lost. */
export const SEARCH_TRIES_MAX = 5;
/** Maximum time for which the gateway delays a lobby's answer until the room record of that answer has arrived, in ms. */
export const RECORD_WAIT_MS = 2_000;
/** Time after which the gateway regards a publication as lost and reads the record, in ms. */
export const RECORD_READ_MS = 100;
