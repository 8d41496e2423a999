import { errorBody } from '#libs/protocol';
import { type EdgeOptions, GOODBYE_MS } from '../edge.options.js';
import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { TokenBucket } from './token-bucket.js';

/** The session of one connection, if the connection has one, and the budgets of the connection. */
export class ConnectionState {
  session: GatewaySession | null = null;
  /** True while the gateway handles a hello of this connection. */
  isAdmitting = false;
  /** The time at which the backlog became too large, in ms of the monotonic clock. Null: the backlog is not too large. */
  slowSince: number | null = null;
  /** True after a resume, until a message after `welcome` proves that the client has the new secret. */
  mustConfirm = false;
  /** The timer that closes the connection when no hello arrives in time. Null: the hello was accepted, or the connection is closed. */
  helloTimer: NodeJS.Timeout | null = null;
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  /** The budget for requests to lobbies and the store. All connections of one address share it. */
  readonly operations: TokenBucket;
  /** The budget for wrong invite codes and passwords. All connections of one address share it. */
  readonly guesses: TokenBucket;

  constructor(
    { messagesPerSecond, messagesBurst, bytesPerSecond, bytesBurst }: EdgeOptions,
    { operations, guesses }: Pick<ConnectionState, 'operations' | 'guesses'>,
    now: number,
  ) {
    this.operations = operations;
    this.guesses = guesses;
    this.messages = new TokenBucket(messagesPerSecond, messagesBurst, now);
    this.bytes = new TokenBucket(bytesPerSecond, bytesBurst, now);
  }
}

export function stateOf(connection: PlayerConnection): ConnectionState {
  return connection.state as ConnectionState;
}

/** The codes with which the gateway closes a connection. */
export type DisconnectCode =
  | 'hello-timeout'
  | 'too-many-connections'
  | 'shutting-down'
  | 'replaced'
  | 'kicked'
  | 'suspended'
  | 'too-slow'
  | 'timed-out'
  | 'rate-limited'
  | 'unavailable';

/** Codes after which the client reconnects at once, because another gateway can serve the player. */
const RECONNECT_AT_ONCE: ReadonlySet<DisconnectCode> = new Set(['shutting-down', 'unavailable']);

export function disconnect(connection: PlayerConnection, code: DisconnectCode): void {
  const { message, retry } = errorBody(code);
  connection.goodbye({ code, reason: message, ...(retry && { retryAfterMs: RECONNECT_AT_ONCE.has(code) ? 0 : 1_000 }) }, GOODBYE_MS);
}
