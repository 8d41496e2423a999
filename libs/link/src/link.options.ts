import type { ServerId } from '#libs/protocol';
import type { Certificate } from '#libs/tls';

export interface LinkOptions {
  /** The address on which this server listens. With port 0, the operating system chooses a free port. */
  readonly host: string;
  readonly port: number;
  /**
   * The secrets of the fleet, newest first, at most `SECRETS_MAX`. A server refuses a peer that cannot prove that it has one of them. There
   * are several secrets only while a fleet changes from one to the next.
   */
  readonly secrets: readonly string[];
  /**
   * The certificate of this server for TLS on all links. If a CA is set, the CA must have signed the certificates of both sides. Null or
   * undefined: no TLS.
   */
  readonly certificate?: Certificate | null;
  /** Maximum size of a frame, in bytes. A longer frame closes the link. The limit must be larger than the largest state of a room. */
  readonly frameBytesMax?: number;
  /** The time within which a peer must prove its identity, in ms. */
  readonly handshakeTimeoutMs?: number;
  /**
   * Maximum number of unauthenticated connections at the port. When another connection arrives, the server closes the oldest
   * unauthenticated connection. So hostile connections cannot keep servers out.
   */
  readonly handshakesMax?: number;
}

/** The address at which other servers dial a server. */
export interface LinkAddress {
  readonly id: ServerId;
  readonly host: string;
  readonly port: number;
}

/** The identity that this process proves on links. `libs/fleet` provides it. */
export abstract class LinkIdentity {
  abstract readonly id: ServerId;
  /** The incarnation of this server. 0: it is not registered yet. */
  abstract readonly incarnation: number;
}

export const FRAME_BYTES_MAX_DEFAULT = 4 * 1024 * 1024;
/** Time within which a peer must prove its identity, in ms. Round trips within a data center are far shorter. */
export const HANDSHAKE_TIMEOUT_MS = 2_000;
export const HANDSHAKES_MAX_DEFAULT = 128;
/**
 * Maximum size of a frame before the handshake is complete, in bytes. A proof has a few hundred bytes. The limit bounds the memory
 * that an unauthenticated peer can allocate.
 */
export const PROOF_BYTES_MAX = 1_024;
/**
 * Time that the peer of a closed link has to read earlier messages, in ms. Then this server destroys the socket, because a suspended peer
 * would never read them.
 */
export const CLOSE_MS = 1_000;
/**
 * Time without a message of the peer after which a side sends a ping, in ms. With 500, each side of an idle link sends at most two pings
 * per second.
 */
export const PING_MS = 500;
/**
 * Number of unanswered pings after which `onSilence` reports the peer, 1 to 1.5 s after its last message. A healthy peer answers sooner.
 */
export const SILENT_PINGS_REPORTED = 1;
/** Number of unanswered pings after which this side closes the link, because it is half open or the peer hangs. */
export const SILENT_PINGS_MAX = 10;
export const REQUEST_TIMEOUT_MS_DEFAULT = 5_000;
export const REQUESTS_PENDING_MAX = 50_000;
/** Backlog of a link above which callers get `busy`, in bytes. */
export const CONGESTED_BYTES = 4 * 1024 * 1024;
/** Backlog above which the link is closed because the peer reads nothing, in bytes. */
export const BACKLOG_BYTES_MAX = 64 * 1024 * 1024;
