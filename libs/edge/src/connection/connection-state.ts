import { errorBody } from '#libs/protocol';
import { type EdgeOptions, GOODBYE_MS } from '../edge.options.js';
import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { TokenBucket } from './token-bucket.js';

/** What the gateway keeps of one socket: who it is, once that is known, and how much it may still say. */
export class ConnectionState {
  session: GatewaySession | null = null;
  /** A hello has come, and is being looked at. */
  isAdmitting = false;
  /** Since when it has not read what it was sent; null: it keeps up. */
  slowSince: number | null = null;
  /** It resumed, and has said nothing since its welcome: whether it knows its new secret is not known. */
  mustConfirm = false;
  /** Null: it was welcomed, or is gone. */
  helloTimer: NodeJS.Timeout | null = null;
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  /** Shared by all connections of its address: what they may ask of lobbies and the store together. */
  readonly operations: TokenBucket;

  constructor({ messagesPerSecond, messagesBurst, bytesPerSecond, bytesBurst }: EdgeOptions, operations: TokenBucket, now: number) {
    this.operations = operations;
    this.messages = new TokenBucket(messagesPerSecond, messagesBurst, now);
    this.bytes = new TokenBucket(bytesPerSecond, bytesBurst, now);
  }
}

export function stateOf(connection: PlayerConnection): ConnectionState {
  return connection.state as ConnectionState;
}

/** Why the gateway, and not the player, ends a connection. */
export type DisconnectCode =
  | 'hello-timeout'
  | 'too-many-connections'
  | 'shutting-down'
  | 'replaced'
  | 'too-slow'
  | 'timed-out'
  | 'rate-limited'
  | 'unavailable';

/** Another gateway can serve the player now. */
const RECONNECT_AT_ONCE: ReadonlySet<DisconnectCode> = new Set(['shutting-down', 'unavailable']);

export function disconnect(connection: PlayerConnection, code: DisconnectCode): void {
  const { message, retry } = errorBody(code);
  connection.goodbye({ code, reason: message, ...(retry && { retryAfterMs: RECONNECT_AT_ONCE.has(code) ? 0 : 1_000 }) }, GOODBYE_MS);
}
